{# Joins each row with the parts of a text list ("BIF; SOF"); the parts come as parts.part, not trimmed. #}
{% macro cross_join_parts(column, separator) -%}
    cross join lateral string_to_table({{ column }}, '{{ separator }}') as parts (part)
{%- endmacro %}

{# One text of a group's texts, in a stated order; empty ones are left out. #}
{% macro join_texts(expression, separator, order_by) -%}
    string_agg({{ expression }}, '{{ separator }}' order by {{ order_by }})
{%- endmacro %}

{# A number as Danes write it. #}
{% macro danish_number(number, decimals=0) -%}
    replace(cast(round({{ number }}, {{ decimals }}) as text), '.', ',')
{%- endmacro %}
