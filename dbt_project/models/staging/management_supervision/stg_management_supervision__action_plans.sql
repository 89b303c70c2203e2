{{ staged('management_supervision', 'action_plans') }}
