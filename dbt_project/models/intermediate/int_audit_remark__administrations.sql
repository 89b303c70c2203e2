with remarks as (

    select
        audit_remark_key,
        administrations
    from {{ ref('int_audit_remark') }}

),

parted as (

    select distinct
        remarks.audit_remark_key,
        upper(trim(parts.part)) as administration
    from remarks
    {{ cross_join_parts('remarks.administrations', ';') }}
    where trim(parts.part) <> ''

)

select
    {{ key(['audit_remark_key', 'administration']) }} as audit_remark_administration_key,
    audit_remark_key,
    administration,
    round(cast(1 as numeric) / count(*) over (partition by audit_remark_key), 6) as weight
from parted
