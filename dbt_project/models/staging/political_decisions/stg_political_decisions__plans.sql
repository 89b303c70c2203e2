{{ staged('political_decisions', 'plans') }}
