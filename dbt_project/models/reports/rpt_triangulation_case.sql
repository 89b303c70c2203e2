with reviews as (

    select * from {{ ref('fct_case_review') }}

),

outcomes as (

    select * from {{ ref('dim_outcome') }}

),

external_decisions as (

    select
        cases.source_id,
        cases.external_case_number,
        cases.own_case_number as case_number,
        cases.concluded_date as decided_date,
        outcomes.outcome_id,
        outcomes.name_da as outcome_name_da,
        outcomes.is_upheld as is_external_fault
    from {{ ref('fct_external_case') }} as cases
    inner join outcomes on cases.outcome_id = outcomes.outcome_id
    where outcomes.is_decided_on_merits and cases.own_case_number is not null
    union all
    select
        appeals.source_id,
        appeals.appeal_number as external_case_number,
        appeals.case_number,
        appeals.decided_date,
        outcomes.outcome_id,
        outcomes.name_da as outcome_name_da,
        appeals.is_reversal as is_external_fault
    from {{ ref('fct_appeal') }} as appeals
    inner join outcomes on appeals.outcome_id = outcomes.outcome_id
    where appeals.is_reversal is not null and appeals.case_number is not null

)

select
    {{ key(['reviews.review_number', 'decisions.source_id', 'decisions.external_case_number']) }}
        as triangulation_case_key,
    reviews.risk_area_id,
    reviews.centre_id,
    reviews.case_number,
    reviews.review_number,
    reviews.review_date,
    reviews.has_material_error,
    decisions.source_id,
    decisions.external_case_number,
    decisions.decided_date,
    decisions.outcome_id,
    decisions.is_external_fault,
    case
        when reviews.has_material_error then 'Eget tilsyn fandt en væsentlig fejl. '
        else 'Eget tilsyn fandt ingen væsentlig fejl. '
    end
    || sources.name_da || ': ' || lower(decisions.outcome_name_da) || '.' as disagreement_da
from reviews
inner join external_decisions as decisions on reviews.case_number = decisions.case_number
inner join {{ ref('dim_source') }} as sources on decisions.source_id = sources.source_id
where reviews.has_material_error <> decisions.is_external_fault
