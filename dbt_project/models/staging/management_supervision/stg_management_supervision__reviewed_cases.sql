{{ staged('management_supervision', 'reviewed_cases') }}
