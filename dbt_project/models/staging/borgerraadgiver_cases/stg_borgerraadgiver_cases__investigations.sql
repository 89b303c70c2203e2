{{ staged('borgerraadgiver_cases', 'investigations') }}
