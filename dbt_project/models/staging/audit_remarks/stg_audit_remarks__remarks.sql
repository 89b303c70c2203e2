{{ staged('audit_remarks', 'remarks') }}
