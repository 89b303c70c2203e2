{# Without statistics on what was just built, the planner guesses, and joins of large tables take for ever. #}
{% macro analyze(relation) -%}
    {% if model.config.materialized != 'view' %}analyze {{ relation }}{% endif %}
{%- endmacro %}
