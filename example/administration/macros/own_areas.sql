{# Written by dbt_project/scripts/make_sources.py from the models of the administration. #}
{% macro own_areas() -%}
    {{ return({
    }) }}
{%- endmacro %}
