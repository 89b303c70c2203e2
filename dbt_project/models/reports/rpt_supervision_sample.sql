with organisation as (

    select
        unit_id,
        name
    from {{ ref('dim_organisation') }}
    where is_current

)

select
    samples.sample_key,
    samples.round_id,
    samples.drawn_date,
    samples.risk_area_id,
    areas.name_da,
    samples.level,
    samples.centre_id,
    coalesce(organisation.name, samples.centre_id) as centre_name,
    samples.case_number,
    samples.decided_date,
    samples.drawn_rank,
    samples.stratum_size,
    samples.stratum_sample,
    samples.seed
from {{ ref('fct_supervision_sample') }} as samples
inner join {{ ref('dim_risk_area') }} as areas on samples.risk_area_id = areas.risk_area_id
left join organisation on samples.centre_id = organisation.unit_id
