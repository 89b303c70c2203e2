with definitions as (

    select
        version,
        valid_from_year,
        coalesce(valid_to_year, 9999) as valid_to_year
    from {{ ref('seed_indicator') }}
    where indicator_id = 'foertidspension_inden_3_mdr_pct'

),

judged as (

    select
        1 as version,
        due_date,
        is_in_time_from_application as is_in_time
    from {{ ref('int_early_retirement_case') }}
    union all
    select
        2 as version,
        due_date_from_complete as due_date,
        is_in_time_from_complete as is_in_time
    from {{ ref('int_early_retirement_case') }}

),

years as (

    -- From which day the three months count is a matter of the definition that the year had.
    select
        cast(date_trunc('year', judged.due_date) as date) as year_start,
        count(*) as cases,
        sum(case when judged.is_in_time then 1 else 0 end) as in_time
    from judged
    inner join definitions
        on
            judged.version = definitions.version
            and extract(year from judged.due_date) between definitions.valid_from_year and definitions.valid_to_year
    where judged.is_in_time is not null and judged.due_date < {{ as_of_date() }}
    group by cast(date_trunc('year', judged.due_date) as date)

),

shown as (

    -- A year with one or two cases in time, or late, is not shown: everybody who reads reports reads this.
    select
        *,
        cases >= {{ var('suppression_threshold') }}
        and (in_time = 0 or in_time >= {{ var('suppression_threshold') }})
        and (in_time = cases or cases - in_time >= {{ var('suppression_threshold') }}) as is_shown
    from years

)

select
    'resultatstatus' as source_id,
    'servicemaal' as target_kind,
    'foertidspension_inden_3_mdr' as target_number,
    'Førtidspension afgjort inden for tre måneder' as target_name_da,
    '{{ var("own_authority") }}' as authority,
    cast(null as text) as centre_id,
    cast(null as text) as supplier_id,
    cast(null as text) as category_id,
    year_start as period_start,
    cast(year_start + interval '1 year' as date) - 1 as period_end,
    'antal' as unit,
    'hoejere_er_bedre' as direction,
    case when is_shown then cast(cases as numeric) end as target_value,
    case when is_shown then cast(in_time as numeric) end as actual_value,
    case when is_shown then in_time = cases end as is_on_target,
    cast(null as boolean) as is_on_target_as_stated
from shown
