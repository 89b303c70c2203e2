{{ counts_that_add_up('calendar_year', 'center') }}
