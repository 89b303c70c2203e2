select
    organisation_key,
    unit_id,
    name,
    level,
    parent_unit_id,
    valid_from_date,
    valid_to_date,
    is_current
from {{ ref('int_organisation__versions') }}
