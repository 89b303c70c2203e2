{# Without statistics on what was just built, the planner guesses, and joins of large tables take for ever. #}
{% macro analyze(relation) -%}
    {% if model.config.materialized != 'view' %}analyze {{ relation }}{% endif %}
{%- endmacro %}

{# A number as it is published: with the decimals that the columns' types declare. #}
{% macro published_number(number) -%}
    cast({{ number }} as numeric(38, 10))
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

{# Of one row per number of days with `closed_so_far` and `all_closed`: the days by which half were closed, between the two in
   the middle where their number is even. `more` cases are closed besides, and `below` of all count before the first day
   (after the last, if negative); 0 where the middle lies before it, null where it lies after. #}
{% macro median_of_closed(below='0', more='0') -%}
    round((
        {%- for reaches in ['>=', '>'] %}
            case
                when 2 * ({{ below }}) {{ reaches }} all_closed + {{ more }} then 0
                else min(case when 2 * (closed_so_far + {{ below }}) {{ reaches }} all_closed + {{ more }} then days end)
            end
            {{- ' +' if not loop.last }}
        {%- endfor %}
    ) / 2.0, 1)
{%- endmacro %}
