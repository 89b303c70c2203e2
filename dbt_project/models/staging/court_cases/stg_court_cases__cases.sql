{{ staged('court_cases', 'cases') }}
