{{ staged('citizen_surveys', 'rounds') }}
