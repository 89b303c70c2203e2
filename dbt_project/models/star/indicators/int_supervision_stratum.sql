-- Largest remainder in whole numbers: wanted * size / all cases, rounded down, and the rest to the largest remainders.
with strata as (

    select
        risk_area_id,
        centre_id,
        min(cases_per_round) as cases_per_round,
        count(*) as stratum_size
    from {{ ref('int_supervision_candidate') }}
    group by risk_area_id, centre_id

),

wanted as (

    -- At least one case of each centre, at most all there are.
    select
        risk_area_id,
        centre_id,
        stratum_size,
        sum(stratum_size) over area as area_size,
        least(sum(stratum_size) over area, greatest(cases_per_round, count(*) over area)) as wanted
    from strata
    window area as (partition by risk_area_id)

),

shared as (

    select
        risk_area_id,
        centre_id,
        stratum_size,
        wanted,
        floor(wanted * stratum_size / area_size) as whole,
        mod(wanted * stratum_size, area_size) as remainder
    from wanted

),

seated as (

    select
        risk_area_id,
        centre_id,
        stratum_size,
        whole
        + case
            when
                row_number() over (partition by risk_area_id order by remainder desc, stratum_size desc, centre_id asc)
                <= wanted - sum(whole) over (partition by risk_area_id)
                then 1
            else 0
        end as proportional_cases
    from shared

)

select
    risk_area_id,
    centre_id,
    stratum_size,
    cast(proportional_cases as bigint) as proportional_cases,
    sum(case when proportional_cases = 0 then 1 else 0 end) over (partition by risk_area_id) as empty_strata
from seated
