with judged as (

    -- Version 1 counts from the application, version 2 from the day it was complete. A case is dated by the day on
    -- which its three months were up: judged sooner, the quick cases of the newest months would stand there alone.
    select
        1 as indicator_version,
        due_date as event_date,
        centre_id,
        is_in_time_from_application as is_in_time
    from {{ ref('fct_early_retirement_case') }}
    union all
    select
        2 as indicator_version,
        due_date_from_complete as event_date,
        centre_id,
        is_in_time_from_complete as is_in_time
    from {{ ref('fct_early_retirement_case') }}

)

select
    'foertidspension_inden_3_mdr_pct' as indicator_id,
    indicator_version,
    '{{ var("own_authority") }}' as authority,
    event_date,
    centre_id,
    cast(null as text) as law_id,
    cast(null as text) as theme_id,
    'foertidspension' as risk_area_id,
    cast(null as text) as supplier_id,
    cast(null as text) as category_id,
    cast(sum(case when is_in_time then 1 else 0 end) as numeric) as numerator,
    cast(count(*) as numeric) as denominator,
    count(*) as events
from judged
where is_in_time is not null and event_date < {{ as_of_date() }}
group by indicator_version, event_date, centre_id
