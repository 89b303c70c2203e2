{% set areas = [
    'complaints', 'result_status', 'early_retirement', 'supervision', 'reviews', 'suppliers', 'political_decisions',
    'borgerraadgiver', 'whistleblower', 'audit_samples', 'ministry', 'own_appeals', 'courts', 'ombudsman', 'surveys',
    'follow_up'
] %}
{% set measured = ['indicator_id', 'indicator_version', 'authority', 'quarter_start'] %}
with contributions as (

    {% for area in areas %}
    select
        indicator_id,
        indicator_version,
        authority,
        cast(date_trunc('quarter', event_date) as date) as quarter_start,
        {{ breakdown_columns() }},
        numerator,
        denominator,
        events
    from {{ ref('int_contribution__' ~ area) }}
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
