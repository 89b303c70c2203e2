{{ staged('political_decisions', 'plan_items') }}
