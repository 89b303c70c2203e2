{{ staged('supplier_surveys', 'invitations') }}
