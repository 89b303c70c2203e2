{{ staged('management_supervision', 'review_answers') }}
