{{ staged('ankestyrelsen_reviews', 'recommendations') }}
