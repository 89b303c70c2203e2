select
    {{ key(['check_number']) }} as delivery_check_key,
    'leverandoertilsyn' as source_id,
    check_number,
    supplier_id,
    centre_id,
    organisation_key,
    check_date,
    hours_agreed,
    hours_delivered,
    hours_invoiced,
    is_documented,
    {{ is_fictional() }} as is_fictional
from {{ ref('int_delivery_check') }}
