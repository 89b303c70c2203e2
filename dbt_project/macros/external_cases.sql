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
