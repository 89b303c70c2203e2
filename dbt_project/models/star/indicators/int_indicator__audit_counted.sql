with remarks as (

    select * from {{ ref('fct_audit_remark') }}

),

administrations as (

    select * from {{ ref('bridge_audit_remark_administration') }}

),

counted as (

    select
        remarks.authority,
        remarks.audit_year,
        remarks.is_fictional,
        breakdowns.*
    from remarks
    cross join
        lateral (
            values
            ('revisionsbemaerkninger', 'ingen', 'alle'),
            ('revisionsbemaerkninger', 'alvorlighed', remarks.severity),
            (case when remarks.is_carried_over then 'revisionsbemaerkninger_viderefoert' end, 'ingen', 'alle')
        ) as breakdowns (indicator_id, breakdown_kind, breakdown_member)
    union all
    -- One remark counts in each administration it concerns, so this breakdown can exceed the total.
    select
        remarks.authority,
        remarks.audit_year,
        remarks.is_fictional,
        'revisionsbemaerkninger' as indicator_id,
        'forvaltning' as breakdown_kind,
        administrations.administration as breakdown_member
    from remarks
    inner join administrations on remarks.audit_remark_key = administrations.audit_remark_key

)

select
    authority,
    cast(audit_year as text) as period_label,
    indicator_id,
    breakdown_kind,
    breakdown_member,
    cast(count(*) as numeric) as value,
    bool_or(is_fictional) as is_fictional
from counted
where indicator_id is not null
group by authority, audit_year, indicator_id, breakdown_kind, breakdown_member
