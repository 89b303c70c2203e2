select
    publication_source_id,
    publisher,
    title,
    source_url,
    published_date,
    is_fictional
from {{ ref('int_publication_source') }}
