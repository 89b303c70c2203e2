with recursive remarks as (

    select * from {{ ref('int_audit_remark') }}

),

predecessors as (

    -- The newest earlier year's remark of that number.
    select
        remarks.audit_remark_key,
        earlier.audit_remark_key as previous_audit_remark_key,
        rank() over (partition by remarks.audit_remark_key order by earlier.audit_year desc) as place
    from remarks
    inner join remarks as earlier
        on remarks.carried_over_from = earlier.remark_number and remarks.audit_year > earlier.audit_year

),

linked as (

    select
        remarks.audit_remark_key,
        remarks.remark_number,
        remarks.audit_year,
        remarks.is_carried_over,
        predecessors.previous_audit_remark_key
    from remarks
    left join predecessors
        on remarks.audit_remark_key = predecessors.audit_remark_key and predecessors.place = 1

),

chains as (

    select
        audit_remark_key,
        audit_remark_key as first_audit_remark_key,
        remark_number as first_remark_number,
        audit_year as first_audit_year,
        0 as years_carried
    from linked
    where previous_audit_remark_key is null
    union all
    select
        linked.audit_remark_key,
        chains.first_audit_remark_key,
        chains.first_remark_number,
        chains.first_audit_year,
        chains.years_carried + 1 as years_carried
    from linked
    inner join chains on linked.previous_audit_remark_key = chains.audit_remark_key

)

select
    chains.audit_remark_key,
    linked.previous_audit_remark_key,
    chains.first_audit_remark_key,
    chains.first_remark_number,
    chains.first_audit_year,
    chains.years_carried,
    linked.is_carried_over and linked.previous_audit_remark_key is null as is_predecessor_missing,
    not exists (
        select 1 from linked as later
        where later.previous_audit_remark_key = chains.audit_remark_key
    ) as is_latest_in_chain
from chains
inner join linked on chains.audit_remark_key = linked.audit_remark_key
