{{ staged('complaint_reassessments', 'reassessments') }}
