{{ staged('ministry_follow_up', 'investigations') }}
