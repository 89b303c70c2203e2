with complaints as (

    select * from {{ ref('int_complaint__overlap') }}

),

points as (

    select * from {{ ref('int_complaint__point_counts') }}

),

organisation as (

    select * from {{ ref('int_organisation__versions') }}

),

laws as (

    select * from {{ ref('int_law__versions') }}

)

select
    complaints.complaint_key,
    'klagesager' as source_id,
    complaints.case_number,
    complaints.centre_id,
    organisation.organisation_key,
    complaints.complaint_type_id,
    complaints.law_id,
    laws.law_key,
    complaints.theme_id,
    complaints.outcome_id,
    complaints.kle_number,
    complaints.received_by,
    complaints.referred_by,
    complaints.referrer_case_number,
    complaints.repeat_of_case_number,
    complaints.overlap_status,
    complaints.received_date,
    complaints.registered_date,
    complaints.forwarded_date,
    complaints.answered_date,
    complaints.decided_date,
    complaints.answer_due_date,
    complaints.days_to_answer,
    complaints.working_days_to_answer,
    complaints.days_to_decision,
    complaints.working_days_to_decision,
    complaints.days_since_previous,
    coalesce(points.complaint_points, 0) as complaint_points,
    complaints.is_closed,
    complaints.is_due_date_assumed,
    complaints.is_answered_within_deadline,
    complaints.is_repeat,
    complaints.is_referred,
    coalesce(
        complaints.received_date >= organisation.valid_from_date
        and complaints.received_date <= coalesce(organisation.valid_to_date, complaints.received_date),
        false
    ) as is_centre_in_force
from complaints
left join points on complaints.case_number = points.case_number
left join organisation
    on
        complaints.centre_id = organisation.unit_id
        and complaints.received_date between organisation.covers_from_date and organisation.covers_to_date
left join laws
    on
        complaints.law_id = laws.law_id
        and complaints.received_date between laws.covers_from_date and laws.covers_to_date
