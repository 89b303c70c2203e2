{# Joins each row with the parts of a text list ("BIF; SOF"); the parts come as parts.part, not trimmed. #}
{% macro cross_join_parts(column, separator) -%}
    cross join lateral string_to_table({{ column }}, '{{ separator }}') as parts (part)
{%- endmacro %}
