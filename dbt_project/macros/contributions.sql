{#
  What the indicators of a fact count, by the rules that the administration declares for it. Reads the CTE `facts`, which
  holds the fact and what its rules need besides; gives more CTEs and the select after them. The fact is read once for each
  date and breakdown that rules have in common.

  by: day, month or quarter. A fact of many cases hands over fewer rows by month or quarter; figures are added up by quarter.
  authority: the fact's column that says whose figures they are; without it they are the own authority's.
#}
{% macro contributions(fact, by='day', authority=none) -%}
    {%- set columns = breakdowns().values() | list -%}
    {%- set same = ['authority', 'event_date'] + columns -%}
    {%- set alike = {} -%}
    {%- for rule in named_rules(fact) -%}
        {%- do alike.setdefault(rule.date ~ rule.members, []).append(rule) -%}
    {%- endfor -%}
    {%- for rules in alike.values() -%}
    {%- set date = rules[0].date -%}
counted_{{ loop.index }} as (

    select
        {{ named(authority or "'" ~ var('own_authority') ~ "'", 'authority') }},
        {{ named(date if by == 'day' else "cast(date_trunc('" ~ by ~ "', " ~ date ~ ") as date)", 'event_date') }},
        {%- for column in columns %}
        {{ named(rules[0].members.get(column, 'cast(null as text)'), column) }},
        {%- endfor %}
        {%- for rule in rules %}
        -- {{ rule.indicator_id }}{{ ', version ' ~ rule.version if rule.version }}
        {{ rule.where }} as is_counted_{{ loop.index }},
        {{ rule.above }} as above_{{ loop.index }},
        {{ rule.below or 'cast(null as integer)' }} as below_{{ loop.index }},
        {{ rule.events }} as events_{{ loop.index }}
        {{- ',' if not loop.last }}
        {%- endfor %}
    from facts
    -- What has no date is in no period.
    where {{ date }} is not null

),

summed_{{ loop.index }} as (

    select
        {{ same | join(', ') }},
        {%- for rule in rules %}
        {%- set those = 'filter (where is_counted_' ~ loop.index ~ ')' %}
        count(*) {{ those }} as rows_{{ loop.index }},
        {%- for amount in ['above_' ~ loop.index, 'below_' ~ loop.index] %}
        case when count({{ amount }}) {{ those }} = count(*) {{ those }} then sum({{ amount }}) {{ those }} end as {{ amount }},
        {%- endfor %}
        sum(events_{{ loop.index }}) {{ those }} as events_{{ loop.index }}
        {{- ',' if not loop.last }}
        {%- endfor %}
    from counted_{{ loop.index }}
    group by {{ same | join(', ') }}

){{ ',' if not loop.last }}

{% endfor %}
{%- for rules in alike.values() -%}
select
    measures.indicator_id,
    measures.indicator_version,
    {%- for column in same %}
    summed.{{ column }},
    {%- endfor %}
    cast(measures.numerator as numeric) as numerator,
    cast(measures.denominator as numeric) as denominator,
    cast(measures.events as bigint) as events
from summed_{{ loop.index }} as summed
cross join lateral (
    values
    {%- for rule in rules %}
    ('{{ rule.indicator_id }}', cast({{ rule.version or 'null' }} as integer),
    {%- for part in ['above', 'below', 'events', 'rows'] %} {{ part }}_{{ rules.index(rule) + 1 }}{{ ',' if not loop.last }}{% endfor %})
    {{- ',' if not loop.last }}
    {%- endfor %}
) as measures (indicator_id, indicator_version, numerator, denominator, events, counted_rows)
where measures.counted_rows > 0
{%- if not loop.last %}
union all
{% endif %}
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

{# An expression as a column of this name. #}
{% macro named(expression, name) -%}
    {{ expression }}{{ ' as ' ~ name if expression != name }}
{%- endmacro %}
