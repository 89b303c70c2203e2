{{ staged('parliament_ombudsman', 'investigations') }}
