{{ staged('bif_complaints', 'complaints') }}
