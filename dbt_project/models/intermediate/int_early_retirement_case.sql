{% set months = "interval '" ~ var('early_retirement_target_months') ~ " months'" %}
with cases as (

    select
        *,
        cast(received_date + {{ months }} as date) as due_date,
        cast(complete_date + {{ months }} as date) as due_date_from_complete
    from {{ ref('stg_early_retirement_cases__cases') }}

)

select
    cases.case_number,
    cases.centre_id,
    organisation.organisation_key,
    cases.received_date,
    cases.complete_date,
    cases.rehabilitation_team_date,
    cases.decided_date,
    cases.outcome_id,
    cases.is_closed,
    cases.due_date,
    cases.due_date_from_complete,
    case
        when cases.outcome_id <> 'frafaldet' then {{ days_between('cases.received_date', 'cases.decided_date') }}
    end as days_to_decision,
    -- Dropped cases are never judged; open ones only once they are late.
    case
        when cases.outcome_id = 'frafaldet' then null
        when coalesce(cases.decided_date, {{ as_of_date() }}) > cases.due_date then false
        when cases.decided_date is not null then true
    end as is_in_time_from_application,
    case
        when cases.outcome_id = 'frafaldet' or cases.complete_date is null then null
        when coalesce(cases.decided_date, {{ as_of_date() }}) > cases.due_date_from_complete then false
        when cases.decided_date is not null then true
    end as is_in_time_from_complete
from cases
left join {{ ref('int_organisation__versions') }} as organisation
    on
        cases.centre_id = organisation.unit_id
        and cases.received_date between organisation.covers_from_date and organisation.covers_to_date
