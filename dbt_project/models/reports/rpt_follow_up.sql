with items as (

    select * from {{ ref('fct_follow_up') }}

)

select
    follow_up_key,
    source_id,
    follow_up_number,
    follow_up_kind,
    caused_by_kind,
    -- A case's own number stays in the fact: this report is read by more people than may know of single cases.
    case when caused_by_kind <> 'sag' then caused_by_number end as caused_by_number,
    law_id,
    theme_id,
    risk_area_id,
    centre_id,
    owner,
    opened_date,
    due_date,
    closed_date,
    follow_up_status,
    missing_da,
    age_days,
    case when is_overdue then {{ days_between('due_date', as_of_date()) }} end as days_overdue,
    is_open,
    is_overdue,
    is_closed_on_time,
    is_external,
    is_cause_known,
    is_fictional
from items
