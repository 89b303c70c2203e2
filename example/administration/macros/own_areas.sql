{# Written by make_sources.py from the models of the administration. #}
{% macro own_areas() -%}
    {{ return({
    }) }}
{%- endmacro %}
