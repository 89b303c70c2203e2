with appeals as (

    select * from {{ ref('stg_appeal_cases__appeals') }}

),

parts as (

    select
        outcomes.appeal_number,
        known.outcome_id,
        count(*) over (partition by outcomes.appeal_number) as outcome_parts,
        row_number() over (
            partition by outcomes.appeal_number
            order by known.reach desc nulls last, outcomes.part_number asc
        ) as preference
    from {{ ref('stg_appeal_cases__outcomes') }} as outcomes
    left join {{ ref('seed_appeal_outcome') }} as known on outcomes.outcome_name = known.outcome_name

)

-- A case decided in several parts counts once, by its most far-reaching outcome.
select
    appeals.appeal_number,
    appeals.case_number as named_case_number,
    appeals.law_id,
    appeals.theme_id,
    appeals.centre_id,
    appeals.received_date,
    appeals.decided_date,
    case when appeals.decided_date is not null then parts.outcome_id end as outcome_id,
    cast(coalesce(parts.outcome_parts, 0) as integer) as outcome_parts
from appeals
left join parts on appeals.appeal_number = parts.appeal_number and parts.preference = 1
