{{ staged('organisation', 'units') }}
