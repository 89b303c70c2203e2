{{ staged('ankestyrelsen_statistics', 'publications') }}
