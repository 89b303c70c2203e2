with cases as (

    select * from {{ ref('int_external_case') }}

),

organisation as (

    select * from {{ ref('int_organisation__versions') }}

),

laws as (

    select * from {{ ref('int_law__versions') }}

)

select
    {{ key(['cases.source_id', 'cases.external_case_number']) }} as external_case_key,
    cases.source_id,
    cases.external_case_number,
    cases.case_kind,
    cases.law_id,
    laws.law_key,
    cases.theme_id,
    cases.outcome_id,
    cases.centre_id,
    organisation.organisation_key,
    cases.own_case_number,
    cases.overlap_status,
    cases.received_date,
    cases.referred_date,
    cases.concluded_date,
    cases.matched_complaints,
    cases.is_about_administration,
    cases.is_in_case_list,
    {{ is_fictional() }} as is_fictional
from cases
left join organisation
    on
        cases.centre_id = organisation.unit_id
        and cases.received_date between organisation.covers_from_date and organisation.covers_to_date
left join laws
    on
        cases.law_id = laws.law_id
        and cases.received_date between laws.covers_from_date and laws.covers_to_date
