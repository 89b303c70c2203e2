with made_up as (

    select distinct publication_source_id from {{ ref('int_published_figure__statements') }} as figures
    where {{ is_fictional('figures.authority') }}

)

select
    publications.publication_source_id,
    publications.publisher,
    publications.title,
    publications.source_url,
    publications.published_date,
    made_up.publication_source_id is not null as is_fictional
from {{ ref('int_publication_source') }} as publications
left join made_up on publications.publication_source_id = made_up.publication_source_id
