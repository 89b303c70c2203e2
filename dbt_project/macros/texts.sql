{# Joins each row with the parts of a text list ("BIF; SOF"); the parts come as parts.part, not trimmed. #}
{% macro cross_join_parts(column, separator) -%}
    cross join lateral string_to_table({{ column }}, '{{ separator }}') as parts (part)
{%- endmacro %}

{# How far a follow-up has come, as an id: "delvist lukket" is delvist_lukket, "åben" is aaben. #}
{% macro follow_up_status(column) -%}
    replace(replace({{ column }}, ' ', '_'), 'å', 'aa')
{%- endmacro %}

{# What an ombudsman's recommendation came from, by the number it names: BRU- and FOU- are investigations, BR- and FO- cases. #}
{% macro caused_by_kind(number) -%}
    case when {{ number }} like '__U-%' then 'undersoegelse' when {{ number }} is not null then 'sag' end
{%- endmacro %}

{# One text of a group's texts, in a stated order; empty ones are left out. #}
{% macro join_texts(expression, separator, order_by) -%}
    string_agg({{ expression }}, '{{ separator }}' order by {{ order_by }})
{%- endmacro %}

{# A number as Danes write it. #}
{% macro danish_number(number, decimals=0) -%}
    replace(cast(round({{ number }}, {{ decimals }}) as text), '.', ',')
{%- endmacro %}
