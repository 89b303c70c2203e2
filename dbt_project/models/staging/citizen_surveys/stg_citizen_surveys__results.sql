{{ staged('citizen_surveys', 'results') }}
