with remarks as (

    select * from {{ ref('int_audit_remark') }}

),

chains as (

    select * from {{ ref('int_audit_remark__chains') }}

),

own as (

    select audit_remark_key from {{ ref('int_audit_remark__administrations') }}
    where administration = '{{ var("own_administration") }}'

)

-- One matter however many years it is carried over: opened and due when first raised, and as far as it stands now.
select
    latest.source_id,
    latest.remark_number as follow_up_number,
    'bemaerkning' as follow_up_kind,
    'revisionsbemaerkning' as caused_by_kind,
    chains.first_remark_number as caused_by_number,
    cast(null as text) as law_id,
    latest.theme_id,
    cast(null as text) as risk_area_id,
    cast(null as text) as centre_id,
    latest.owner,
    earliest.raised_date as opened_date,
    earliest.due_date,
    latest.closed_date,
    {{ follow_up_status('latest.status') }} as follow_up_status
from chains
inner join remarks as latest on chains.audit_remark_key = latest.audit_remark_key
inner join remarks as earliest on chains.first_audit_remark_key = earliest.audit_remark_key
inner join own on latest.audit_remark_key = own.audit_remark_key
where chains.is_latest_in_chain
