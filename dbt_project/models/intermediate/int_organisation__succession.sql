with recursive succession as (

    select * from {{ ref('stg_organisation__succession') }}
    where effective_date <= {{ as_of_date() }}

),

units as (

    select distinct unit_id from {{ ref('int_organisation__versions') }}
    union
    select predecessor_unit_id from succession
    union
    select successor_unit_id from succession

),

walked as (

    select
        unit_id,
        unit_id as reached_unit_id,
        cast(1 as numeric) as weight,
        cast('0001-01-01' as date) as reached_date,
        1 as steps
    from units
    union all
    select
        walked.unit_id,
        succession.successor_unit_id as reached_unit_id,
        walked.weight * succession.weight as weight,
        succession.effective_date as reached_date,
        walked.steps + 1 as steps
    from walked
    inner join succession on walked.reached_unit_id = succession.predecessor_unit_id
    -- Onwards in time and not for ever, even if a delivery were to make two units succeed each other.
    where succession.effective_date >= walked.reached_date and walked.steps < 20

)

select
    walked.unit_id,
    walked.reached_unit_id as current_unit_id,
    sum(walked.weight) as weight
from walked
where
    not exists (
        select 1 from succession where succession.predecessor_unit_id = walked.reached_unit_id
    )
group by walked.unit_id, walked.reached_unit_id
