{{ staged('ankestyrelsen_statistics', 'outcome_shares') }}
