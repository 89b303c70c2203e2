{{ staged('early_retirement_cases', 'cases') }}
