{{ staged('audit_case_samples', 'errors') }}
