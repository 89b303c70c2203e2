with dated as (

    select
        'foertidspension_sagsbehandling_median_dage' as indicator_id,
        decided_date as event_date,
        centre_id,
        days_to_decision as days,
        false as is_censored
    from {{ ref('fct_early_retirement_case') }}
    where days_to_decision is not null
    union all
    -- With the open ones: dated by the application, so that a year holds all its cases. A dropped one was last seen
    -- open.
    select
        'foertidspension_sagsbehandling_km_median_dage' as indicator_id,
        received_date as event_date,
        centre_id,
        {{ days_between('received_date', 'coalesce(decided_date, ' ~ as_of_date() ~ ')') }} as days,
        days_to_decision is null as is_censored
    from {{ ref('fct_early_retirement_case') }}

)

select
    indicator_id,
    '{{ var("own_authority") }}' as authority,
    event_date,
    centre_id,
    cast(null as text) as law_id,
    cast(null as text) as theme_id,
    cast(days as integer) as days,
    is_censored,
    count(*) as cases
from dated
group by indicator_id, event_date, centre_id, days, is_censored
