select
    {{ key(['case_number']) }} as early_retirement_case_key,
    'resultatstatus' as source_id,
    case_number,
    centre_id,
    organisation_key,
    outcome_id,
    received_date,
    complete_date,
    rehabilitation_team_date,
    decided_date,
    due_date,
    due_date_from_complete,
    days_to_decision,
    is_closed,
    is_in_time_from_application,
    is_in_time_from_complete
from {{ ref('int_early_retirement_case') }}
