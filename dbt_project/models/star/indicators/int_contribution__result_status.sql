with targets as (

    select * from {{ ref('fct_target_result') }}
    where source_id = 'resultatstatus'

),

accounts as (

    select
        *,
        actual_value - target_value as deviation
    from targets
    where target_kind = 'oekonomi'

),

measured as (

    select
        'budgetafvigelse_pct' as indicator_id,
        authority,
        period_end as event_date,
        centre_id,
        category_id,
        deviation as numerator,
        target_value as denominator
    from accounts
    union all
    -- Each month counts in every quarter's end of its year that has come: the year so far.
    select
        'budgetafvigelse_aar_til_dato_pct' as indicator_id,
        accounts.authority,
        quarters.period_end as event_date,
        accounts.centre_id,
        accounts.category_id,
        accounts.deviation as numerator,
        accounts.target_value as denominator
    from accounts
    inner join {{ ref('int_period') }} as quarters
        on
            quarters.period_kind = 'kvartal'
            and extract(year from accounts.period_end) = quarters.period_year
            and accounts.period_end <= quarters.period_end
            and quarters.period_end <= {{ as_of_date() }}
    union all
    select
        'visionsmaal_naaet_pct' as indicator_id,
        authority,
        period_end as event_date,
        centre_id,
        category_id,
        case when is_on_target then 1 else 0 end as numerator,
        1 as denominator
    from targets
    where target_kind = 'visionsmaal' and is_on_target is not null

)

select
    indicator_id,
    cast(null as integer) as indicator_version,
    authority,
    event_date,
    centre_id,
    cast(null as text) as law_id,
    cast(null as text) as theme_id,
    cast(null as text) as risk_area_id,
    cast(null as text) as supplier_id,
    category_id,
    cast(sum(numerator) as numeric) as numerator,
    cast(sum(denominator) as numeric) as denominator,
    count(*) as events
from measured
group by indicator_id, authority, event_date, centre_id, category_id
