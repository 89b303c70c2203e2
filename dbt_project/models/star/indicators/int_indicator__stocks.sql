{% set measured = ['indicator_id', 'authority', 'period_kind', 'period_label', 'is_only_period_kind'] %}
with contributions as (

    {% for model in measuring_models('int_stock__') %}
    select
        contributions.indicator_id,
        contributions.authority,
        contributions.period_kind,
        contributions.period_label,
        periods.is_only_period_kind,
        {{ breakdown_columns('contributions.') }},
        contributions.numerator,
        contributions.denominator,
        contributions.events
    from {{ ref(model) }} as contributions
    inner join {{ ref('int_indicator__periods') }} as periods
        on
            contributions.indicator_id = periods.indicator_id
            and contributions.period_kind = periods.period_kind
            and contributions.period_label = periods.period_label
            and periods.indicator_version = coalesce(contributions.indicator_version, periods.indicator_version)
    {% if not loop.last %}
    union all
    {% endif %}
    {% endfor %}

),

grouped as (

    select
        {{ measured | join(', ') }},
        {{ breakdown_member() }},
        {{ known_sum('numerator') }} as numerator,
        {{ known_sum('denominator') }} as denominator,
        sum(events) as events
    from contributions
    group by {{ breakdown_sets(measured) }}

),

counted as (

    select * from grouped
    where breakdown_member is not null

),

unioned as (

    select * from counted
    union all
    {{ todays_centres('counted', measured, ['numerator', 'denominator', 'events']) | indent(4) }}

)

select
    indicator_id,
    authority,
    period_kind,
    period_label,
    breakdown_kind,
    breakdown_member,
    numerator,
    denominator,
    events
from unioned
where {{ is_broken_down('period_kind', 'breakdown_kind', 'is_only_period_kind') }}
