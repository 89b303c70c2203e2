with definitions as (

    select
        version,
        valid_from_year,
        coalesce(valid_to_year, 9999) as valid_to_year
    from {{ ref('seed_indicator') }}
    where indicator_id = 'foertidspension_inden_3_mdr_pct'

),

judged as (

    -- From which day the three months count is a matter of the definition that the year had.
    select
        cases.centre_id,
        cast(date_trunc('month', cases.received_date) as date) as month_start,
        case
            when definitions.version = 1 then cases.is_in_time_from_application
            else cases.is_in_time_from_complete
        end as is_in_time
    from {{ ref('int_early_retirement_case') }} as cases
    inner join definitions
        on extract(year from cases.received_date) between definitions.valid_from_year and definitions.valid_to_year

)

select
    'resultatstatus' as source_id,
    'servicemaal' as target_kind,
    'foertidspension_inden_3_mdr' as target_number,
    'Førtidspension afgjort inden for tre måneder' as target_name_da,
    '{{ var("own_authority") }}' as authority,
    centre_id,
    cast(null as text) as supplier_id,
    cast(null as text) as category_id,
    month_start as period_start,
    cast(month_start + interval '1 month' as date) - 1 as period_end,
    'antal' as unit,
    'hoejere_er_bedre' as direction,
    cast(count(*) as numeric) as target_value,
    cast(sum(case when is_in_time then 1 else 0 end) as numeric) as actual_value,
    bool_and(is_in_time) as is_on_target,
    cast(null as boolean) as is_on_target_as_stated,
    '{{ var("own_authority") }}' like '%(fiktiv)%' as is_fictional
from judged
where is_in_time is not null
group by centre_id, month_start
