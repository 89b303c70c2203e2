{{ staged('organisation', 'succession') }}
