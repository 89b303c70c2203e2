{{ staged('audit_remarks', 'totals') }}
