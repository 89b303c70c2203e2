with candidates as (

    select * from {{ ref('int_supervision_candidate') }}

),

strata as (

    select * from {{ ref('int_supervision_stratum') }}

),

seated as (

    -- A centre that would get none gets one, taken from the centre that has most at that moment.
    select
        candidates.round_id,
        candidates.drawn_date,
        candidates.seed,
        candidates.risk_area_id,
        candidates.level,
        candidates.centre_id,
        candidates.case_number,
        candidates.decided_date,
        candidates.place,
        strata.stratum_size,
        strata.empty_strata,
        row_number() over (
            partition by candidates.risk_area_id
            order by
                case when candidates.place > 1 then 0 else 1 end asc,
                candidates.place desc,
                strata.stratum_size desc,
                candidates.centre_id asc
        ) as giving_order
    from candidates
    inner join strata
        on candidates.risk_area_id = strata.risk_area_id and candidates.centre_id = strata.centre_id
    where candidates.place <= greatest(strata.proportional_cases, 1)

)

select
    {{ key(['round_id', 'risk_area_id', 'case_number']) }} as sample_key,
    round_id,
    drawn_date,
    seed,
    risk_area_id,
    level,
    centre_id,
    case_number,
    decided_date,
    place as drawn_rank,
    stratum_size,
    count(*) over (partition by risk_area_id, centre_id) as stratum_sample
from seated
where giving_order > empty_strata
