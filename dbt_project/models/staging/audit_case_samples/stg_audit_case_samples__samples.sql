{{ staged('audit_case_samples', 'samples') }}
