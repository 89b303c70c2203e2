with measured as (

    select * from {{ ref('int_indicator__own_measured') }}

),

hidden as (

    select * from {{ ref('int_indicator__own_hidden_measures') }}

)

select
    measured.indicator_id,
    measured.source_id,
    case when measured.breakdown_kind = 'center' then measured.breakdown_member else 'alle' end as organisation_id,
    '{{ var("own_authority") }}' as authority,
    measured.period_kind,
    measured.period_label,
    measured.breakdown_kind,
    measured.breakdown_member,
    case when not hidden.is_hidden then measured.numerator end as numerator,
    case when not hidden.is_hidden then measured.denominator end as denominator,
    case when not hidden.is_hidden then measured.value end as value,
    case when not hidden.is_hidden then measured.n end as n,
    hidden.is_hidden as is_suppressed,
    true as is_complete,
    false as is_published_elsewhere,
    '{{ var("own_authority") }}' like '%(fiktiv)%' as is_fictional
from measured
inner join hidden
    on
        measured.family = hidden.family
        and measured.cell_group = hidden.cell_group
        and measured.cell = hidden.cell
