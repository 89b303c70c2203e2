{{ staged('borgerraadgiver_cases', 'fokus_scores') }}
