-- The day that a finding is about: a decision's own; the last day of an audited year.
select
    'klage' as finding_kind,
    complaints.decided_date as finding_date,
    complaints.law_id,
    complaints.theme_id,
    cast(null as text) as risk_area_id,
    count(*) as cases,
    sum(case when outcomes.is_upheld then 1 else 0 end) as findings
from {{ ref('fct_complaint') }} as complaints
inner join {{ ref('dim_outcome') }} as outcomes on complaints.outcome_id = outcomes.outcome_id
where outcomes.is_decided_on_merits and complaints.decided_date is not null
group by complaints.decided_date, complaints.law_id, complaints.theme_id
union all
select
    'eget_tilsyn' as finding_kind,
    review_date as finding_date,
    cast(null as text) as law_id,
    cast(null as text) as theme_id,
    risk_area_id,
    count(*) as cases,
    sum(case when has_material_error then 1 else 0 end) as findings
from {{ ref('fct_case_review') }}
group by review_date, risk_area_id
union all
select
    'revisionsstikproeve' as finding_kind,
    cast(cast(audit_year as text) || '-12-31' as date) as finding_date,
    law_id,
    cast(null as text) as theme_id,
    cast(null as text) as risk_area_id,
    cases_reviewed as cases,
    cases_with_error as findings
from {{ ref('fct_audit_case_sample') }}
union all
select
    'revisionsbemaerkning' as finding_kind,
    cast(cast(remarks.audit_year as text) || '-12-31' as date) as finding_date,
    cast(null as text) as law_id,
    remarks.theme_id,
    cast(null as text) as risk_area_id,
    0 as cases,
    1 as findings
from {{ ref('fct_audit_remark') }} as remarks
inner join {{ ref('bridge_audit_remark_administration') }} as concerned
    on remarks.audit_remark_key = concerned.audit_remark_key
where concerned.administration = '{{ var("own_administration") }}'
union all
select
    'ekstern_sag' as finding_kind,
    cases.concluded_date as finding_date,
    cases.law_id,
    cases.theme_id,
    cast(null as text) as risk_area_id,
    1 as cases,
    case when outcomes.is_upheld then 1 else 0 end as findings
from {{ ref('fct_external_case') }} as cases
inner join {{ ref('dim_outcome') }} as outcomes on cases.outcome_id = outcomes.outcome_id
where outcomes.is_decided_on_merits and cases.concluded_date is not null and cases.is_about_administration
union all
select
    'ankesag' as finding_kind,
    decided_date as finding_date,
    law_id,
    theme_id,
    cast(null as text) as risk_area_id,
    1 as cases,
    case when is_reversal then 1 else 0 end as findings
from {{ ref('fct_appeal') }}
where is_reversal is not null and decided_date is not null
union all
select
    'undersoegelse' as finding_kind,
    ended_date as finding_date,
    law_id,
    theme_id,
    risk_area_id,
    0 as cases,
    1 as findings
from {{ ref('fct_investigation') }}
where ended_date is not null and conclusion in ('kritik', 'alvorlig_kritik', 'væsentlige fejl')
