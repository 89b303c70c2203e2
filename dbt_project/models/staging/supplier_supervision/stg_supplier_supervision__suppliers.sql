{{ staged('supplier_supervision', 'suppliers') }}
