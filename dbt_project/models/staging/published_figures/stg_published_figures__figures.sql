{{ staged('published_figures', 'figures') }}
