{{ staged('borgerraadgiver_annual', 'referrals') }}
