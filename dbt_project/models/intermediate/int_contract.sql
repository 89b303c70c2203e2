with known as (

    select * from {{ ref('stg_political_decisions__contracts') }}

),

used as (

    select distinct contract_number from {{ ref('stg_political_decisions__clause_checks') }}

)

select
    contract_number,
    supplier_id,
    agreement_from_date,
    agreement_to_date,
    has_labour_clause,
    has_social_clause,
    true as is_known
from known
union all
select
    contract_number,
    cast(null as text) as supplier_id,
    cast(null as date) as agreement_from_date,
    cast(null as date) as agreement_to_date,
    cast(null as boolean) as has_labour_clause,
    cast(null as boolean) as has_social_clause,
    false as is_known
from used
where not exists (select 1 from known where known.contract_number = used.contract_number)
