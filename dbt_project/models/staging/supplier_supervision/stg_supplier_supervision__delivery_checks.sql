{{ staged('supplier_supervision', 'delivery_checks') }}
