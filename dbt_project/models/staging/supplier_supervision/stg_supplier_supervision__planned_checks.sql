{{ staged('supplier_supervision', 'planned_checks') }}
