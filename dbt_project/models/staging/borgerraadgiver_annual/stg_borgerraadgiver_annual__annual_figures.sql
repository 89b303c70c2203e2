{{ staged('borgerraadgiver_annual', 'annual_figures') }}
