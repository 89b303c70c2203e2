{# What measurements are broken down by: the name of the breakdown and the column that holds its members. #}
{% macro breakdowns(kinds=none) -%}
    {%- set columns = {
        'center': 'centre_id', 'lov': 'law_id', 'tema': 'theme_id', 'risikoomraade': 'risk_area_id',
        'leverandoer': 'supplier_id', 'kategori': 'category_id'
    } -%}
    {%- set found = {} -%}
    {%- for kind in kinds or columns -%}{%- do found.update({kind: columns[kind]}) -%}{%- endfor -%}
    {{ return(found) }}
{%- endmacro %}

{# The columns of every breakdown, or of some kinds. #}
{% macro breakdown_columns(table='', kinds=none) -%}
    {%- for column in breakdowns(kinds).values() -%}
        {{ table }}{{ column }}{{ ', ' if not loop.last }}
    {%- endfor -%}
{%- endmacro %}

{# The two columns that say which breakdown and member a row of breakdown_sets is. #}
{% macro breakdown_member(kinds=none) -%}
    case
        {%- for kind, column in breakdowns(kinds).items() %}
        when grouping({{ column }}) = 0 then '{{ kind }}'
        {%- endfor %}
        else 'ingen'
    end as breakdown_kind,
    case
        {%- for column in breakdowns(kinds).values() %}
        when grouping({{ column }}) = 0 then {{ column }}
        {%- endfor %}
        else 'alle'
    end as breakdown_member
{%- endmacro %}

{# group by: the whole and every breakdown in one reading of the rows. #}
{% macro breakdown_sets(columns, kinds=none) -%}
    grouping sets (
        ({{ columns | join(', ') }})
        {%- for column in breakdowns(kinds).values() %},
        ({{ columns | join(', ') }}, {{ column }})
        {%- endfor %}
    )
{%- endmacro %}

{# The sum, or nothing where a part is unknown: an unknown part is not 0. #}
{% macro known_sum(amount) -%}
    case when count({{ amount }}) = count(*) then sum({{ amount }}) end
{%- endmacro %}

{# Which breakdowns are measured for which periods. Years that overlap would give away, by subtraction, cells that are too
   small to show: so by calendar year, or by the only kind of period that the indicator has. Trends need centres' quarters. #}
{% macro is_broken_down(period_kind, breakdown_kind, is_only_period_kind) -%}
    (
        {{ breakdown_kind }} = 'ingen'
        or {{ period_kind }} = 'kalenderaar'
        or {{ is_only_period_kind }}
        or ({{ period_kind }} = 'kvartal' and {{ breakdown_kind }} = 'center')
    )
{%- endmacro %}

{# The rows that are broken down by centre, where those centres' work is done today: a split centre's by the weights of
   its successors. #}
{% macro todays_centres(counted, columns, amounts) -%}
    select
        {{ columns | join(', ') }},
        'center_nu' as breakdown_kind,
        coalesce(succession.current_unit_id, counted.breakdown_member) as breakdown_member,
        {%- for amount in amounts %}
        {{ known_sum('counted.' ~ amount ~ ' * coalesce(succession.weight, 1)') }} as {{ amount }}
        {{- "," if not loop.last }}
        {%- endfor %}
    from {{ counted }} as counted
    left join {{ ref('bridge_organisation_succession') }} as succession
        on counted.breakdown_member = succession.unit_id
    where counted.breakdown_kind = 'center'
    group by {{ columns | join(', ') }}, coalesce(succession.current_unit_id, counted.breakdown_member)
{%- endmacro %}
