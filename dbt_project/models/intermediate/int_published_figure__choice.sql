with statements as (

    select * from {{ ref('int_published_figure__statements') }}

),

ranked as (

    -- The rule: a stated figure before a suppressed one, a publication that gives the number of cases before one
    -- that does not, then the newest; an undated one comes last. The id settles what is left.
    select
        *,
        row_number() over (
            partition by source_id, authority, law_id, period_kind, period_label, outcome_id, category, unit
            order by
                value is null,
                has_counts desc,
                published_date desc nulls last,
                publication_source_id asc,
                is_whole_year_row desc,
                law_name asc
        ) as preference
    from statements

)

select
    *,
    preference = 1 as is_chosen
from ranked
