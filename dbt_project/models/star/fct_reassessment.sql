select
    reassessments.reassessment_key,
    'klagesager' as source_id,
    reassessments.case_number,
    reassessments.appeal_number,
    reassessments.complaint_key,
    reassessments.centre_id,
    organisation.organisation_key,
    reassessments.law_id,
    reassessments.theme_id,
    reassessments.reassessment_result,
    reassessments.received_date,
    reassessments.reassessment_due_date,
    reassessments.reassessed_date,
    reassessments.forwarded_date,
    reassessments.days_to_reassessment,
    reassessments.is_reassessed_in_time,
    reassessments.is_changed
from {{ ref('int_reassessment') }} as reassessments
left join {{ ref('int_organisation__versions') }} as organisation
    on
        reassessments.centre_id = organisation.unit_id
        and reassessments.received_date between organisation.covers_from_date and organisation.covers_to_date
