with appeals as (

    select * from {{ ref('int_appeal_case') }}

),

reassessments as (

    select * from {{ ref('stg_complaint_reassessments__reassessments') }}

),

by_appeal_number as (

    select
        appeal_number,
        min(case_number) as case_number
    from reassessments
    where appeal_number is not null
    group by appeal_number

),

matched as (

    select
        appeals.appeal_number,
        appeals.named_case_number,
        coalesce(by_appeal_number.case_number, by_case_number.case_number) as reassessed_case_number,
        case
            when by_appeal_number.case_number is not null then 'ankesagsnummer'
            when by_case_number.case_number is not null then 'sagsnummer'
        end as matched_by
    from appeals
    left join by_appeal_number on appeals.appeal_number = by_appeal_number.appeal_number
    -- A reassessment that names another appeal is not this one's, whatever case number the appeal names.
    left join reassessments as by_case_number
        on
            appeals.named_case_number = by_case_number.case_number
            and by_case_number.appeal_number is null

)

select
    *,
    -- The number that the administration noted itself goes before the one that Ankestyrelsen names.
    coalesce(reassessed_case_number, named_case_number) as case_number
from matched
