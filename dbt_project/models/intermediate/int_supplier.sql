with known as (

    select * from {{ ref('stg_supplier_supervision__suppliers') }}

),

used as (

    select supplier_id from {{ ref('stg_supplier_supervision__delivery_checks') }}
    union
    select supplier_id from {{ ref('stg_supplier_supervision__planned_checks') }}
    union
    select supplier_id from {{ ref('stg_supplier_surveys__invitations') }}
    union
    select supplier_id from {{ ref('stg_supplier_surveys__answers') }}
    union
    select supplier_id from {{ ref('stg_political_decisions__contracts') }}

)

select
    supplier_id,
    supplier_name as name_da,
    service_kind,
    agreement_from_date,
    agreement_to_date,
    true as is_known
from known
union all
select
    supplier_id,
    supplier_id as name_da,
    cast(null as text) as service_kind,
    cast(null as date) as agreement_from_date,
    cast(null as date) as agreement_to_date,
    false as is_known
from used
where not exists (select 1 from known where known.supplier_id = used.supplier_id)
