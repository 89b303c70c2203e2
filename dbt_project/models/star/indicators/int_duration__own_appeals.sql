with appeals as (

    select * from {{ ref('fct_appeal') }}

),

dated as (

    select
        'ankesager_egne_median_dage' as indicator_id,
        decided_date as event_date,
        centre_id,
        law_id,
        theme_id,
        days_to_decision as days,
        false as is_censored
    from appeals
    where decided_date is not null
    union all
    -- With the open ones: dated by receipt, so that a year holds all its cases, however long they take.
    select
        'ankesager_egne_km_median_dage' as indicator_id,
        received_date as event_date,
        centre_id,
        law_id,
        theme_id,
        coalesce(days_to_decision, {{ days_between('received_date', as_of_date()) }}) as days,
        decided_date is null as is_censored
    from appeals

)

select
    indicator_id,
    '{{ var("own_authority") }}' as authority,
    event_date,
    centre_id,
    law_id,
    theme_id,
    days,
    is_censored,
    count(*) as cases
from dated
where days >= 0
group by indicator_id, event_date, centre_id, law_id, theme_id, days, is_censored
