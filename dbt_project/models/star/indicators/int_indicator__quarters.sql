{% set measured = ['indicator_id', 'indicator_version', 'authority', 'quarter_start'] %}
with contributions as (

    {% for model in measuring_models('int_contribution__') %}
    select
        indicator_id,
        indicator_version,
        authority,
        cast(date_trunc('quarter', event_date) as date) as quarter_start,
        {{ breakdown_columns() }},
        numerator,
        denominator,
        events
    from {{ ref(model) }}
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

)

select * from counted
union all
{{ todays_centres('counted', measured, ['numerator', 'denominator', 'events']) }}
