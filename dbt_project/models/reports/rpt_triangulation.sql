with counted as (

    select
        risk_area_id,
        cast(extract(year from finding_date) as integer) as finding_year,
        {% set criticisms = "finding_kind in ('revisionsbemaerkning', 'undersoegelse')" %}
        sum(case when is_external and not {{ criticisms }} then cases else 0 end) as external_cases,
        sum(case when is_external and not {{ criticisms }} then findings else 0 end) as external_cases_at_fault,
        sum(case when {{ criticisms }} then findings else 0 end) as external_criticisms,
        sum(case when finding_kind = 'eget_tilsyn' then cases else 0 end) as own_reviews,
        sum(case when finding_kind = 'eget_tilsyn' then findings else 0 end) as own_errors,
        sum(case when finding_kind = 'klage' then cases else 0 end) as complaints,
        sum(case when finding_kind = 'klage' then findings else 0 end) as complaints_upheld
    from {{ ref('fct_risk_finding') }}
    group by risk_area_id, cast(extract(year from finding_date) as integer)

),

judged as (

    select
        counted.*,
        policy.is_example_policy,
        -- A criticism says something by itself; cases and reviews only where there are enough of them.
        counted.own_reviews < policy.least_cases
        or (counted.external_cases < policy.least_cases and counted.external_criticisms = 0) as is_too_little,
        counted.external_criticisms > 0
        or (
            counted.external_cases >= policy.least_cases
            and 100.0 * counted.external_cases_at_fault >= policy.external_high_from_pct * counted.external_cases
        ) as is_external_high,
        100.0 * counted.own_errors >= policy.own_high_from_pct * counted.own_reviews as is_own_high
    from counted
    cross join {{ ref('dim_risk_policy') }} as policy

),

shown as (

    select
        judged.*,
        {{ hide_small('external_cases_at_fault', 'external_cases') }} as shown_at_fault,
        {{ hide_small('own_errors', 'own_reviews') }} as shown_errors,
        {{ hide_small('complaints_upheld', 'complaints') }} as shown_upheld
    from judged

)

select
    risk_area_id,
    cast(finding_year as text) as period_label,
    cast(shown_at_fault + external_criticisms as bigint) as external_findings,
    cast({{ hide_small('external_cases') }} as bigint) as external_cases,
    cast(shown_at_fault as bigint) as external_cases_at_fault,
    cast(external_criticisms as bigint) as external_criticisms,
    cast(own_reviews as bigint) as own_reviews,
    cast(shown_errors as bigint) as own_errors,
    cast({{ hide_small('complaints') }} as bigint) as complaints,
    cast(shown_upheld as bigint) as complaints_upheld,
    round(100.0 * shown_at_fault / nullif(external_cases, 0), 1) as external_pct,
    round(100.0 * shown_errors / nullif(own_reviews, 0), 1) as own_pct,
    case when is_too_little then 'for_lidt_data' when is_external_high = is_own_high then 'enige' else 'uenige' end
        as agreement_da,
    case
        when is_too_little then 'For få sager til at sige, om de er enige.'
        when is_external_high and is_own_high then 'Begge finder mange fejl.'
        when is_external_high then 'Eksterne finder mange fejl; eget tilsyn gør ikke.'
        when is_own_high then 'Eget tilsyn finder mange fejl; eksterne gør ikke.'
        else 'Ingen af dem finder mange fejl.'
    end as explanation_da,
    not is_too_little and is_external_high <> is_own_high as is_disagreement,
    shown_at_fault is null or shown_errors is null or shown_upheld is null as is_suppressed,
    is_example_policy
from shown
