{{ staged('appeal_cases', 'outcomes') }}
