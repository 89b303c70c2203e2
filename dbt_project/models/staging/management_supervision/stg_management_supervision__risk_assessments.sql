{{ staged('management_supervision', 'risk_assessments') }}
