select
    law_key,
    law_id,
    version,
    law_name,
    short_name_da,
    parent_law_id,
    valid_from_date,
    valid_to_date,
    note_da,
    is_total,
    is_known
from {{ ref('int_law__versions') }}
