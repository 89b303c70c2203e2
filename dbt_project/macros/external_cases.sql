{# What is counted on the cases of an external body, one row each, as contributions by month, centre, law and theme. #}
{% macro external_contributions(measured) -%}
    select
        indicator_id,
        cast(null as integer) as indicator_version,
        '{{ var("own_authority") }}' as authority,
        cast(date_trunc('month', event_date) as date) as event_date,
        centre_id,
        law_id,
        theme_id,
        cast(null as text) as risk_area_id,
        cast(null as text) as supplier_id,
        cast(null as text) as category_id,
        cast(sum(numerator) as numeric) as numerator,
        cast(sum(denominator) as numeric) as denominator,
        count(*) as events
    from {{ measured }}
    group by indicator_id, date_trunc('month', event_date), centre_id, law_id, theme_id
{%- endmacro %}

{# An external body's recommendations as follow-up; law and cause are those of the investigation they came out of. #}
{% macro recommendations_to_follow_up(source_id, contract) -%}
    select
        '{{ source_id }}' as source_id,
        recommendations.follow_up_number,
        'anbefaling' as follow_up_kind,
        {{ caused_by_kind('recommendations.caused_by_number') }} as caused_by_kind,
        recommendations.caused_by_number,
        investigations.law_id,
        recommendations.theme_id,
        cast(null as text) as risk_area_id,
        recommendations.centre_id,
        recommendations.owner,
        recommendations.opened_date,
        recommendations.due_date,
        recommendations.closed_date,
        recommendations.follow_up_status
    from {{ ref('stg_' ~ contract ~ '__recommendations') }} as recommendations
    left join {{ ref('stg_' ~ contract ~ '__investigations') }} as investigations
        on recommendations.caused_by_number = investigations.investigation_number
{%- endmacro %}
