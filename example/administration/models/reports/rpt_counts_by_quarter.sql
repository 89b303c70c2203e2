{{ counts_that_add_up('quarter', 'ingen') }}
