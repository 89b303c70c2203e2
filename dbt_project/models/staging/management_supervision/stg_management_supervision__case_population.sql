{{ staged('management_supervision', 'case_population') }}
