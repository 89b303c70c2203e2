with accounts as (

    select * from {{ ref('fct_target_result') }}
    where source_id = 'resultatstatus' and target_kind = 'oekonomi'

)

-- Each month counts in every quarter's end of its year that has come: the year so far.
select
    'budgetafvigelse_aar_til_dato_pct' as indicator_id,
    cast(null as integer) as indicator_version,
    accounts.authority,
    quarters.period_end as event_date,
    accounts.centre_id,
    cast(null as text) as law_id,
    cast(null as text) as theme_id,
    cast(null as text) as risk_area_id,
    cast(null as text) as supplier_id,
    accounts.category_id,
    cast(sum(accounts.actual_value - accounts.target_value) as numeric) as numerator,
    cast(sum(accounts.target_value) as numeric) as denominator,
    count(*) as events
from accounts
inner join {{ ref('int_period') }} as quarters
    on
        quarters.period_kind = 'kvartal'
        and extract(year from accounts.period_end) = quarters.period_year
        and accounts.period_end <= quarters.period_end
        and quarters.period_end <= {{ as_of_date() }}
group by accounts.authority, quarters.period_end, accounts.centre_id, accounts.category_id
