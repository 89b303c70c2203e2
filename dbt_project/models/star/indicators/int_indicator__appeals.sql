with shares as (

    -- What was published as a share only: no counts are made up for it.
    select
        figures.*,
        laws.is_total
    from {{ ref('fct_published_figure') }} as figures
    inner join {{ ref('dim_law') }} as laws on figures.law_key = laws.law_key
    where
        figures.source_id = 'ankestyrelsen'
        and figures.is_chosen
        and figures.period_kind = 'kalenderaar'
        and not figures.is_whole_year_row

),

unioned as (

    select
        *,
        false as is_published_elsewhere
    from {{ ref('int_indicator__appeals_counted') }}
    union all
    select
        case
            when outcome = 'omgjort' and unit = 'pct' then 'omgoerelsesprocent'
            when outcome = 'hjemvisning' and unit = 'pct' then 'hjemvist_pct'
            when outcome = 'i_alt' and unit = 'antal' then 'ankesager_afgjort'
        end as indicator_id,
        authority,
        period_kind,
        period_label,
        case when is_total then 'ingen' else 'lov' end as breakdown_kind,
        case when is_total then 'alle' else law_id end as breakdown_member,
        case when unit = 'antal' then value end as numerator,
        cast(null as numeric) as denominator,
        value,
        case when unit = 'antal' then value end as n,
        is_suppressed,
        true as is_complete,
        true as is_published_elsewhere
    from shares

),

ranked as (

    -- Counts go before published shares of the same thing, and both before what is hidden.
    select
        *,
        row_number() over (
            partition by indicator_id, authority, period_kind, period_label, breakdown_member
            order by value is null, is_published_elsewhere
        ) as preference
    from unioned
    where indicator_id is not null

)

select
    indicator_id,
    'ankestyrelsen' as source_id,
    'alle' as organisation_id,
    authority,
    period_kind,
    period_label,
    breakdown_kind,
    breakdown_member,
    numerator,
    denominator,
    value,
    n,
    is_suppressed,
    is_complete,
    is_published_elsewhere
from ranked
where preference = 1
