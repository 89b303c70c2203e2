{{ config(materialized='view') }}

with complaints as (

    select
        complaints.*,
        today.working_day_number - received.working_day_number as working_days_so_far
    from {{ ref('fct_complaint') }} as complaints
    left join {{ ref('dim_date') }} as received
        on complaints.decided_date is null and complaints.received_date = received.date_day
    left join {{ ref('dim_date') }} as today
        on received.date_day <= today.date_day and today.date_day = {{ as_of_date() }}

),

dated as (

    select
        'klager_sagsbehandling_median_arbejdsdage' as indicator_id,
        decided_date as event_date,
        centre_id,
        law_id,
        theme_id,
        working_days_to_decision as days,
        false as is_censored
    from complaints
    where working_days_to_decision is not null
    union all
    -- With the open ones: dated by receipt, so that a year holds all its complaints, however long they take.
    select
        'klager_sagsbehandling_km_median_arbejdsdage' as indicator_id,
        received_date as event_date,
        centre_id,
        law_id,
        theme_id,
        coalesce(working_days_to_decision, working_days_so_far) as days,
        decided_date is null as is_censored
    from complaints

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
    cast(1 as bigint) as cases
from dated
where days is not null
