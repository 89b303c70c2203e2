with administrations as (

    select * from {{ ref('bridge_audit_remark_administration') }}

),

remarks as (

    select
        remarks.*,
        own.audit_remark_key is not null as is_own
    from {{ ref('fct_audit_remark') }} as remarks
    left join administrations as own
        on
            remarks.audit_remark_key = own.audit_remark_key
            and own.administration = '{{ var("own_administration") }}'

),

counted as (

    select
        remarks.authority,
        remarks.audit_year,
        breakdowns.*
    from remarks
    cross join
        lateral (
            values
            ('revisionsbemaerkninger', 'ingen', 'alle', true),
            ('revisionsbemaerkninger', 'alvorlighed', remarks.severity, true),
            ('revisionsbemaerkninger', 'revisor', remarks.auditor_kind, true),
            ('revisionsbemaerkninger_andel_pct', 'ingen', 'alle', remarks.is_own),
            (case when remarks.is_carried_over then 'revisionsbemaerkninger_viderefoert' end, 'ingen', 'alle', true)
        ) as breakdowns (indicator_id, breakdown_kind, breakdown_member, is_counted)
    union all
    -- One remark counts in each administration it concerns, so this breakdown can exceed the total.
    select
        remarks.authority,
        remarks.audit_year,
        'revisionsbemaerkninger' as indicator_id,
        'forvaltning' as breakdown_kind,
        administrations.administration as breakdown_member,
        true as is_counted
    from remarks
    inner join administrations on remarks.audit_remark_key = administrations.audit_remark_key

),

summed as (

    select
        authority,
        cast(audit_year as text) as period_label,
        indicator_id,
        breakdown_kind,
        breakdown_member,
        cast(count(case when is_counted then 1 end) as numeric) as numerator,
        cast(count(*) as numeric) as n
    from counted
    where indicator_id is not null
    group by authority, audit_year, indicator_id, breakdown_kind, breakdown_member

)

select
    authority,
    period_label,
    indicator_id,
    breakdown_kind,
    breakdown_member,
    numerator,
    case when indicator_id = 'revisionsbemaerkninger_andel_pct' then n end as denominator,
    case
        when indicator_id = 'revisionsbemaerkninger_andel_pct' then round(100 * numerator / n, 4)
        else numerator
    end as value,
    n
from summed
