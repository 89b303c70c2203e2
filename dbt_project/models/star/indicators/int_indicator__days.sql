{% set kinds = ['center', 'lov', 'tema'] %}
{% set measured = ['indicator_id', 'authority', 'quarter_start', 'days', 'is_censored'] %}
with durations as (

    {% for model in measuring_models('int_duration__') %}
    select
        indicator_id,
        authority,
        cast(date_trunc('quarter', event_date) as date) as quarter_start,
        centre_id,
        law_id,
        theme_id,
        days,
        is_censored,
        cases
    from {{ ref(model) }}
    {% if not loop.last %}
    union all
    {% endif %}
    {% endfor %}

),

grouped as (

    -- Cases per number of days: a median then needs no sorting of single cases.
    select
        {{ measured | join(', ') }},
        {{ breakdown_member(kinds) }},
        sum(cases) as cases
    from durations
    group by {{ breakdown_sets(measured, kinds) }}

),

counted as (

    select * from grouped
    where breakdown_member is not null

),

unioned as (

    select * from counted
    union all
    {{ todays_centres('counted', measured, ['cases']) | indent(4) }}

),

handed_over as (

    select distinct indicator_id from unioned

)

select * from unioned
union all
-- Cases that are dated alike for both medians are handed over once, under the plain median's id.
select
    replace(indicator_id, '_median_', '_km_median_') as indicator_id,
    authority,
    quarter_start,
    days,
    is_censored,
    breakdown_kind,
    breakdown_member,
    cases
from unioned
where
    indicator_id like '%\_median\_%' and indicator_id not like '%\_km\_median\_%'
    and replace(indicator_id, '_median_', '_km_median_') not in (select indicator_id from handed_over)
