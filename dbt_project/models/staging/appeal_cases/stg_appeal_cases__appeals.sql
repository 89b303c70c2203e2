{{ staged('appeal_cases', 'appeals') }}
