{{ staged('management_supervision', 'planned_reviews') }}
