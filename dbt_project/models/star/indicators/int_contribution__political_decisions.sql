with measured as (

    select
        case target_kind
            when 'handleplan' then 'handleplanspunkter_til_tiden_pct'
            else 'kontrakter_klausulkontrol_pct'
        end as indicator_id,
        authority,
        period_end as event_date,
        supplier_id,
        category_id,
        case when is_on_target then 1 else 0 end as numerator,
        1 as denominator,
        1 as events
    from {{ ref('fct_target_result') }}
    where target_kind in ('handleplan', 'klausul') and is_on_target is not null
    union all
    select
        'klausulbrud' as indicator_id,
        '{{ var("own_authority") }}' as authority,
        check_date as event_date,
        supplier_id,
        clause_kind as category_id,
        case when is_breach then 1 else 0 end as numerator,
        cast(null as integer) as denominator,
        case when is_breach then 1 else 0 end as events
    from {{ ref('fct_clause_check') }}

)

select
    indicator_id,
    cast(null as integer) as indicator_version,
    authority,
    event_date,
    cast(null as text) as centre_id,
    cast(null as text) as law_id,
    cast(null as text) as theme_id,
    cast(null as text) as risk_area_id,
    supplier_id,
    category_id,
    cast(sum(numerator) as numeric) as numerator,
    cast(sum(denominator) as numeric) as denominator,
    cast(sum(events) as bigint) as events
from measured
group by indicator_id, authority, event_date, supplier_id, category_id
