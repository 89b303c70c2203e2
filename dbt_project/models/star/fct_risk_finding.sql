with evidence as (

    select * from {{ ref('int_risk_evidence') }}

),

members as (

    select * from {{ ref('seed_risk_area_member') }}

),

placed as (

    -- The theme is closer to the matter than the law, so that each case is in one area.
    select
        coalesce(evidence.risk_area_id, themes.risk_area_id, laws.risk_area_id) as risk_area_id,
        evidence.finding_kind,
        evidence.finding_date,
        evidence.cases,
        evidence.findings
    from evidence
    left join members as themes on themes.kind = 'tema' and evidence.theme_id = themes.member
    left join members as laws on laws.kind = 'lov' and evidence.law_id = laws.member

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
