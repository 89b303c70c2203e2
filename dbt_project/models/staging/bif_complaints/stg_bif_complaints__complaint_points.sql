{{ staged('bif_complaints', 'complaint_points') }}
