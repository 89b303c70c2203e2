-- The newest round that has begun. The level is that of the last quarter before it, and reviews that come after it
-- take nothing away, so that the sample stays while the supervisors work through it.
with round as (

    select
        rounds.round_id,
        rounds.drawn_date,
        rounds.seed,
        (
            select max(level_date) from {{ ref('int_risk_level__dates') }}
            where level_date < rounds.drawn_date
        ) as level_date
    from {{ ref('dim_supervision_round') }} as rounds
    where
        rounds.drawn_date
        = (select max(drawn_date) from {{ ref('dim_supervision_round') }} where drawn_date <= {{ as_of_date() }})

)

select
    round.round_id,
    round.drawn_date,
    round.seed,
    population.risk_area_id,
    population.centre_id,
    population.case_number,
    population.decided_date,
    areas.level,
    levels.cases_per_round,
    row_number() over (
        partition by population.risk_area_id, population.centre_id
        order by md5(round.seed || population.case_number), population.case_number
    ) as place
from {{ ref('fct_case_population') }} as population
cross join round
cross join {{ ref('dim_risk_policy') }} as policy
inner join {{ ref('fct_risk_level') }} as areas
    on population.risk_area_id = areas.risk_area_id and round.level_date = areas.level_date
inner join {{ ref('dim_risk_level') }} as levels on areas.level = levels.level
where
    population.decided_date < round.drawn_date
    and population.decided_date >= {{ add_months('round.drawn_date', '-policy.population_months') }}
    and not exists (
        select 1 from {{ ref('fct_case_review') }} as reviews
        where
            reviews.case_number = population.case_number
            and reviews.risk_area_id = population.risk_area_id
            and reviews.review_date < round.drawn_date
    )
