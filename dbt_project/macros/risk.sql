{# The risk area that a matter belongs to: the one it names, else its theme's, which is closer to it than its law's. #}
{% macro risk_area(risk_area_id, theme_id, law_id) -%}
    coalesce(
        {{ risk_area_id }},
        {%- for kind, member in [('tema', theme_id), ('lov', law_id)] %}
        (
            select members.risk_area_id from {{ ref('seed_risk_area_member') }} as members
            where members.kind = '{{ kind }}' and members.member = {{ member }}
        ){{ ',' if not loop.last }}
        {%- endfor %}
    )
{%- endmacro %}
