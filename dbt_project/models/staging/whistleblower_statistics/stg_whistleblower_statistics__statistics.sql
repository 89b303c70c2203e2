{{ staged('whistleblower_statistics', 'statistics') }}
