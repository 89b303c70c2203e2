{{ staged('political_decisions', 'contracts') }}
