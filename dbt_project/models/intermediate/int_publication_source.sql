with listed as (

    select
        publication_source_id,
        publisher,
        title,
        source_url,
        published_date
    from {{ ref('stg_ankestyrelsen_statistics__publications') }}

),

-- The annual figures and the audit totals name their page on each row: the page is the publication.
pages as (

    select
        source_url,
        'Borgerrådgiverens årstal' as title
    from {{ ref('stg_borgerraadgiver_annual__annual_figures') }}
    union
    select
        source_url,
        'Revisionsbemærkninger i alt' as title
    from {{ ref('stg_audit_remarks__totals') }}

)

select * from listed
union all
select distinct
    publication_source_id,
    publisher,
    title,
    source_url,
    published_date
from {{ ref('stg_published_figures__figures') }}
union all
select
    source_url as publication_source_id,
    -- The host of the address says who runs the page.
    min(split_part(split_part(source_url, '://', 2), '/', 1)) as publisher,
    min(title) as title,
    source_url,
    cast(null as date) as published_date
from pages
group by source_url
