with plans as (

    select
        *,
        cast(date_trunc('quarter', planned_date) as date) as quarter_start
    from {{ ref('stg_supplier_supervision__planned_checks') }}
    where planned_date <= {{ as_of_date() }}

)

select
    'leverandoertilsyn' as source_id,
    'tilsynsplan' as target_kind,
    supplier_id as target_number,
    'Planlagt tilsyn med leverandøren' as target_name_da,
    '{{ var("own_authority") }}' as authority,
    cast(null as text) as centre_id,
    supplier_id,
    cast(null as text) as category_id,
    quarter_start as period_start,
    cast(quarter_start + interval '3 months' as date) - 1 as period_end,
    'antal' as unit,
    'hoejere_er_bedre' as direction,
    cast(count(*) as numeric) as target_value,
    cast(count(check_number) as numeric) as actual_value,
    count(check_number) = count(*) as is_on_target,
    cast(null as boolean) as is_on_target_as_stated
from plans
group by supplier_id, quarter_start
