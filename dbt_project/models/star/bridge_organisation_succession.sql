select
    {{ key(['unit_id', 'current_unit_id']) }} as organisation_succession_key,
    unit_id,
    current_unit_id,
    weight
from {{ ref('int_organisation__succession') }}
