{# Tables in which a careless SUM is right: one kind of period and one level of the organisation each. #}

{# What a table's periods are called: its kind of period, and its columns. #}
{% macro bi_period(period) -%}
    {{ return({
        'calendar_year': ('kalenderaar', {'calendar_year': 'cast(figures.period_label as integer)'}),
        'report_year': ('beretningsaar', {'report_year_label': 'figures.period_label'}),
        'quarter': ('kvartal', {
            'calendar_year': 'cast(extract(year from figures.period_start) as integer)',
            'quarter_label': 'figures.period_label'
        }),
    }[period]) }}
{%- endmacro %}

{# The columns that say which row it is. #}
{% macro bi_keys(period, breakdown_kind) -%}
    {%- set keys = {'authority': 'figures.authority'} -%}
    {%- if breakdown_kind != 'ingen' -%}
        {%- do keys.update({
            'centre_id': 'figures.breakdown_member',
            'centre_name_da': 'coalesce(centres.name, figures.breakdown_member)'
        }) -%}
    {%- endif -%}
    {%- do keys.update(bi_period(period)[1]) -%}
    {{ return(keys) }}
{%- endmacro %}

{# Each unit by its newest name. #}
{% macro newest_units() -%}
    (
        select
            unit_id,
            name
        from (
            select
                unit_id,
                name,
                row_number() over (partition by unit_id order by valid_from_date desc) as newest
            from {{ ref('dim_organisation') }}
        ) as versions
        where newest = 1
    )
{%- endmacro %}

{# The administration's own figures of one kind of period and breakdown. #}
{% macro bi_figures(period, breakdown_kind) -%}
    from {{ ref('fct_indicator_value') }} as figures
    inner join {{ ref('dim_indicator') }} as indicators on figures.indicator_key = indicators.indicator_key
    left join {{ newest_units() }} as centres on figures.breakdown_member = centres.unit_id
    where
        figures.authority = '{{ var("own_authority") }}'
        and figures.period_kind = '{{ bi_period(period)[0] }}'
        and figures.breakdown_kind = '{{ breakdown_kind }}'
{%- endmacro %}

{% macro counts_that_add_up(period, breakdown_kind) -%}
    {%- set counts = additive_counts()[bi_period(period)[0] ~ ' ' ~ breakdown_kind] -%}
    {%- set keys = bi_keys(period, breakdown_kind) -%}
    {%- set type = 'numeric' if breakdown_kind == 'center_nu' else 'bigint' -%}
    select
        {%- for name, column in keys.items() %}
        {{ column }} as {{ name }},
        {%- endfor %}
        {%- for count in counts %}
        cast(max(case when figures.indicator_id = '{{ count }}' then figures.value end) as {{ type }}) as {{ count }},
        {%- endfor %}
        bool_or(figures.period_end > {{ as_of_date() }} or figures.status = 'foreloebig') as is_provisional,
        bool_or(figures.is_suppressed) as has_hidden_counts,
        bool_or(figures.is_fictional) as is_fictional
    {{ bi_figures(period, breakdown_kind) }}
        and figures.indicator_id in ('{{ counts | join("', '") }}')
    group by {{ range(1, keys | length + 1) | join(', ') }}
{%- endmacro %}

{% macro shares_that_add_up(period, breakdown_kind) -%}
    select
        figures.indicator_id,
        indicators.name_da as indicator_name_da,
        indicators.unit,
        {%- for name, column in bi_keys(period, breakdown_kind).items() %}
        {{ column }} as {{ name }},
        {%- endfor %}
        figures.numerator,
        figures.denominator,
        figures.period_end > {{ as_of_date() }} or figures.status = 'foreloebig' as is_provisional,
        figures.is_suppressed,
        figures.is_fictional
    {{ bi_figures(period, breakdown_kind) }}
        and indicators.unit in ('pct', 'antal pr. klage', 'score')
        -- A published share without counts cannot be added, nor can a change from the year before.
        and (figures.is_suppressed or (figures.numerator is not null and figures.denominator is not null))
        and figures.indicator_id not like '%\_aendring\_pct'
{%- endmacro %}
