with counted as (

    select * from {{ ref('int_indicator__audit_counted') }}

),

published as (

    select
        authority,
        period_label,
        case when outcome = 'viderefoert' then 'revisionsbemaerkninger_viderefoert' else 'revisionsbemaerkninger' end
            as indicator_id,
        case when outcome in ('bemaerkninger', 'viderefoert') then 'ingen' else 'alvorlighed' end as breakdown_kind,
        case when outcome in ('bemaerkninger', 'viderefoert') then 'alle' else outcome end as breakdown_member,
        value as numerator,
        cast(null as numeric) as denominator,
        value,
        value as n
    from {{ ref('fct_published_figure') }}
    where source_id = 'revision' and is_chosen and outcome <> 'ny'

),

unioned as (

    select
        *,
        false as is_published_elsewhere
    from counted
    union all
    select
        authority,
        period_label,
        indicator_id,
        breakdown_kind,
        breakdown_member,
        numerator,
        denominator,
        value,
        n,
        true as is_published_elsewhere
    from published
    where not exists (
        select 1 from counted
        where counted.authority = published.authority and counted.period_label = published.period_label
    )

)

select
    indicator_id,
    'revision' as source_id,
    'alle' as organisation_id,
    authority,
    'kalenderaar' as period_kind,
    period_label,
    breakdown_kind,
    breakdown_member,
    numerator,
    denominator,
    value,
    n,
    false as is_suppressed,
    true as is_complete,
    is_published_elsewhere
from unioned
