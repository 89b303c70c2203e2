with counted as (

    select * from {{ ref('int_indicator__appeals_counted') }}

),

shares as (

    -- What was published as a share only: no counts are made up for it.
    select
        figures.*,
        laws.is_total
    from {{ ref('fct_published_figure') }} as figures
    inner join {{ ref('dim_law') }} as laws on figures.law_key = laws.law_key
    where
        figures.source_id = 'ankestyrelsen_statistics'
        and figures.is_chosen
        and figures.period_kind = 'kalenderaar'
        and not figures.is_whole_year_row

),

published as (

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
        value,
        case when unit = 'antal' then value end as count_value,
        is_suppressed,
        is_fictional
    from shares

)

select
    indicator_id,
    'ankestyrelsen_statistics' as source_id,
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
    false as is_published_elsewhere,
    is_fictional
from counted
union all
select
    published.indicator_id,
    'ankestyrelsen_statistics' as source_id,
    'alle' as organisation_id,
    published.authority,
    published.period_kind,
    published.period_label,
    published.breakdown_kind,
    published.breakdown_member,
    published.count_value as numerator,
    null as denominator,
    published.value,
    published.count_value as n,
    published.is_suppressed,
    true as is_complete,
    true as is_published_elsewhere,
    published.is_fictional
from published
where
    published.indicator_id is not null
    -- Counts go before shares of the same thing.
    and not exists (
        select 1 from counted
        where
            counted.indicator_id = published.indicator_id
            and counted.authority = published.authority
            and counted.period_kind = published.period_kind
            and counted.period_label = published.period_label
            and counted.breakdown_kind = published.breakdown_kind
            and counted.breakdown_member = published.breakdown_member
    )
