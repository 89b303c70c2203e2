with undivided as (

    select * from {{ ref('int_published_figure__outcome_shares') }}
    union all
    select * from {{ ref('int_published_figure__quarter_outcomes') }}
    union all
    select * from {{ ref('int_published_figure__annual') }}

),

unioned as (

    select
        *,
        'alle' as category,
        cast(null as text) as note_da,
        cast(null as integer) as stated_decimals
    from undivided
    union all
    select * from {{ ref('int_published_figure__retyped') }}

),

law_aliases as (

    select * from {{ ref('seed_law_alias') }}

),

authority_aliases as (

    select * from {{ ref('seed_authority_alias') }}

),

periods as (

    select * from {{ ref('int_period') }}

),

publications as (

    select * from {{ ref('int_publication_source') }}

)

select
    unioned.publication_source_id,
    unioned.source_id,
    coalesce(authority_aliases.authority, unioned.authority) as authority,
    coalesce(law_aliases.law_id, unioned.law_name) as law_id,
    unioned.law_name,
    unioned.parent_law_name,
    unioned.period_kind,
    unioned.period_label,
    periods.period_start,
    periods.period_end,
    unioned.outcome_id,
    unioned.category,
    unioned.unit,
    unioned.value,
    unioned.missing_reason,
    unioned.note_da,
    unioned.stated_decimals,
    unioned.has_counts,
    unioned.is_whole_year_row,
    publications.published_date
from unioned
left join law_aliases on unioned.law_name = law_aliases.law_name
left join authority_aliases on unioned.authority = authority_aliases.alias
left join periods on unioned.period_kind = periods.period_kind and unioned.period_label = periods.period_label
left join publications on unioned.publication_source_id = publications.publication_source_id
