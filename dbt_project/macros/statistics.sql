{# Without statistics on what was just built, the planner guesses, and joins of large tables take for ever. #}
{% macro analyze(relation) -%}
    {% if model.config.materialized != 'view' %}analyze {{ relation }}{% endif %}
{%- endmacro %}

{# A count that may be shown: empty where it, or what it leaves of its total, is a small number of cases. #}
{% macro hide_small(cases, total=none) -%}
    case
        when {{ cases }} between 1 and {{ var('suppression_threshold') - 1 }}
        {% if total is not none -%}
            or {{ total }} - {{ cases }} between 1 and {{ var('suppression_threshold') - 1 }}
        {% endif -%}
        then null
        else {{ cases }}
    end
{%- endmacro %}
