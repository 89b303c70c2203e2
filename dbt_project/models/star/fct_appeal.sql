with appeals as (

    select * from {{ ref('int_appeal_case') }}

),

links as (

    select * from {{ ref('int_appeal_case__reassessment') }}

),

reassessments as (

    select * from {{ ref('int_reassessment') }}

),

organisation as (

    select * from {{ ref('int_organisation__versions') }}

),

laws as (

    select * from {{ ref('int_law__versions') }}

)

select
    {{ key(["'ankestyrelsen'", 'appeals.appeal_number']) }} as appeal_key,
    'ankestyrelsen' as source_id,
    appeals.appeal_number,
    links.case_number,
    reassessments.reassessment_key,
    links.matched_by,
    appeals.centre_id,
    organisation.organisation_key,
    appeals.law_id,
    laws.law_key,
    appeals.theme_id,
    appeals.outcome_id,
    reassessments.reassessment_result,
    reassessments.received_date as appealed_date,
    reassessments.reassessed_date,
    reassessments.forwarded_date,
    appeals.received_date,
    appeals.decided_date,
    appeals.outcome_parts,
    {{ days_between('appeals.received_date', 'appeals.decided_date') }} as days_to_decision,
    case when outcomes.is_decided_on_merits then outcomes.is_reversal end as is_reversal
from appeals
inner join links on appeals.appeal_number = links.appeal_number
left join reassessments on links.reassessed_case_number = reassessments.case_number
left join {{ ref('dim_outcome') }} as outcomes on appeals.outcome_id = outcomes.outcome_id
left join organisation
    on
        appeals.centre_id = organisation.unit_id
        and appeals.received_date between organisation.covers_from_date and organisation.covers_to_date
left join laws
    on
        appeals.law_id = laws.law_id
        and appeals.received_date between laws.covers_from_date and laws.covers_to_date
