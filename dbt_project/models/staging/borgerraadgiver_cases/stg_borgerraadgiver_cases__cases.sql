{{ staged('borgerraadgiver_cases', 'cases') }}
