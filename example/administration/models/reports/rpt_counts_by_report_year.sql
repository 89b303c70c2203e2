{{ counts_that_add_up('report_year', 'ingen') }}
