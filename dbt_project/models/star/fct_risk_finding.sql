with evidence as (

    select * from {{ ref('int_risk_evidence') }}

),

placed as (

    select
        {{ risk_area('evidence.risk_area_id', 'evidence.theme_id', 'evidence.law_id') }} as risk_area_id,
        evidence.finding_kind,
        evidence.finding_date,
        evidence.cases,
        evidence.findings
    from evidence

)

select
    {{ key(['risk_area_id', 'finding_kind', 'finding_date']) }} as risk_finding_key,
    risk_area_id,
    finding_kind,
    finding_date,
    cast(sum(cases) as bigint) as cases,
    cast(sum(findings) as bigint) as findings,
    finding_kind in ('ankesag', 'ekstern_sag', 'revisionsstikproeve', 'revisionsbemaerkning', 'undersoegelse')
        as is_external
from placed
where risk_area_id is not null
group by risk_area_id, finding_kind, finding_date
