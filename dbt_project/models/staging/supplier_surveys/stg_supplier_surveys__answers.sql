{{ staged('supplier_surveys', 'answers') }}
