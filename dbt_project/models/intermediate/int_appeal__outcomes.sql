with quarters as (

    select * from {{ ref('int_published_figure__choice') }}
    where source_id = 'ankestyrelsen' and is_chosen and period_kind = 'kvartal'

),

years as (

    select * from {{ ref('int_appeal__years') }}

),

laws as (

    select distinct
        law_id,
        is_total
    from {{ ref('int_law__versions') }}

),

unioned as (

    select
        authority,
        law_id,
        parent_law_name,
        'kvartal' as period_kind,
        period_label,
        outcome_id,
        value,
        true as is_complete
    from quarters
    union all
    select
        authority,
        law_id,
        parent_law_name,
        'kalenderaar' as period_kind,
        period_label,
        outcome_id,
        value,
        is_complete
    from years

)

select
    unioned.authority,
    unioned.law_id,
    unioned.period_kind,
    unioned.period_label,
    max(case when outcome_id = 'i_alt' then value end) as decided_cases,
    max(case when outcome_id = 'stadfaestelse' then value end) as confirmed_cases,
    max(case when outcome_id = 'aendring' then value end) as changed_cases,
    max(case when outcome_id = 'hjemvisning' then value end) as remitted_cases,
    max(parent_law_name) is not null as is_child,
    coalesce(bool_or(laws.is_total), false) as is_total,
    bool_or(value is null) as has_suppressed,
    bool_and(is_complete) as is_complete
from unioned
left join laws on unioned.law_id = laws.law_id
group by unioned.authority, unioned.law_id, unioned.period_kind, unioned.period_label
