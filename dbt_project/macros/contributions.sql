{#
  What the indicators of a fact count, by the rules that dbt_project/indicators declares for it. Reads the CTE `facts`, which holds
  the fact and what its rules need besides; gives more CTEs and the select after them. The rows are read once for each date and
  breakdown that rules have in common.

  by: day, month or quarter. A fact of many cases hands over fewer rows by month or quarter; figures are added up by quarter.
  authority: the fact's column that says whose figures they are; without it they are the own authority's.
#}
{% macro contributions(fact, by='day', authority=none) -%}
    {%- set columns = breakdowns().values() | list -%}
    {%- set alike = {} -%}
    {%- for rule in named_rules(fact) -%}
        {%- do alike.setdefault(rule.date ~ rule.members, []).append(rule) -%}
    {%- endfor -%}
    {%- for rules in alike.values() %}
    {%- set each = loop.index %}
    {%- set date = rules[0].date %}
    counted_{{ each }} as (

        select
            {{ authority or "'" ~ var('own_authority') ~ "'" }} as authority,
            {{ date if by == 'day' else "cast(date_trunc('" ~ by ~ "', " ~ date ~ ") as date)" }} as event_date,
            {%- for column in columns %}
            {{ rules[0].members.get(column, 'cast(null as text)') }} as {{ column }},
            {%- endfor %}
            {%- for rule in rules %}
            -- {{ rule.indicator_id }}{{ ', version ' ~ rule.version if rule.version }}
            count(*){{ those(rule) }} as rows_{{ loop.index }},
            {{ known_sum_of_those(rule, rule.above) }} as above_{{ loop.index }},
            {{ known_sum_of_those(rule, rule.below) if rule.below else 'cast(null as numeric)' }} as below_{{ loop.index }},
            sum({{ rule.events }}){{ those(rule) }} as events_{{ loop.index }}
            {{- "," if not loop.last }}
            {%- endfor %}
        from facts
        -- What has no date is in no period.
        where {{ date }} is not null
        group by {{ range(1, columns | length + 3) | join(', ') }}

    ){{ ',' if not loop.last }}
    {% endfor %}
    {%- for rules in alike.values() %}
    {%- set counted = 'counted_' ~ loop.index %}
    select
        measures.indicator_id,
        measures.indicator_version,
        {{ counted }}.authority,
        {{ counted }}.event_date,
        {%- for column in columns %}
        {{ counted }}.{{ column }},
        {%- endfor %}
        cast(measures.numerator as numeric) as numerator,
        cast(measures.denominator as numeric) as denominator,
        cast(measures.events as bigint) as events
    from {{ counted }}
    cross join lateral (
        values
        {%- for rule in rules %}
        (
            '{{ rule.indicator_id }}', cast({{ rule.version or 'null' }} as integer),
            above_{{ loop.index }}, below_{{ loop.index }}, events_{{ loop.index }}, rows_{{ loop.index }}
        ){{ ',' if not loop.last }}
        {%- endfor %}
    ) as measures (indicator_id, indicator_version, numerator, denominator, events, counted_rows)
    where measures.counted_rows > 0
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
{%- endmacro %}

{# The declared rules of a fact. A unit test names the indicators that it is about (only_indicators), so that it holds when
   another is added. #}
{% macro named_rules(fact) -%}
    {%- set named = var('only_indicators') -%}
    {%- set rules = [] -%}
    {%- for rule in indicator_rules(fact) if not named or rule.indicator_id in named -%}
        {%- do rules.append(rule) -%}
    {%- endfor -%}
    {%- if not rules -%}
        {{ exceptions.raise_compiler_error('only_indicators names no indicator of ' ~ fact ~ ': ' ~ named | join(', ')) }}
    {%- endif -%}
    {{ return(rules) }}
{%- endmacro %}

{# Which rows a rule counts, as a filter of an aggregate. #}
{% macro those(rule) -%}
    {%- if rule.where != 'true' %} filter (where {{ rule.where }}){% endif -%}
{%- endmacro %}

{# The sum over the rows that a rule counts, or nothing where one of them is unknown. #}
{% macro known_sum_of_those(rule, amount) -%}
    case when count({{ amount }}){{ those(rule) }} = count(*){{ those(rule) }} then sum({{ amount }}){{ those(rule) }} end
{%- endmacro %}
