select
    {{ key(['source_id']) }} as source_key,
    source_id,
    source_number,
    name_da,
    says_something_about_da,
    is_external
from {{ ref('seed_source') }}
