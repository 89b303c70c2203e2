{# The rows of a delivered table that this build may see: those of its fixed load, whatever has arrived since.
   Without a load the table is there, with its columns and no rows. #}
{% macro delivered(source_id, table_name) -%}
    {%- set restated = var('restated').get(source_id ~ '__' ~ table_name) -%}
    (
        {% if restated %}{{ restated_rows(source(source_id, table_name), var('loads').get(source_id), restated) }}
        {% else %}select * from {{ source(source_id, table_name) }} where {{ is_in_load(var('loads').get(source_id)) }}
        {% endif %}
    ) as delivered_rows
{%- endmacro %}

{# Ordinary staging: the columns of a delivered table, under the names and in the types that its contract says. Sensitive
   columns are left out. A column that the models expect and the contract does not have is null. Where there is no
   contract for the table, it is there without rows. #}
{% macro staged(source_id, table_name) -%}
    {%- set columns = contract_columns().get(source_id ~ '__' ~ table_name, {}) -%}
    {%- set expected = delivery_shapes().get(source_id ~ '__' ~ table_name, {}) -%}
    {%- if not columns and not expected %}
        {{ exceptions.raise_compiler_error(source_id ~ '.' ~ table_name ~ ': run dbt_project/scripts/make_sources.py') }}
    {%- endif -%}
    {%- set selected = [] -%}
    {%- for name, value in columns.items() -%}
        {%- do selected.append(value if value == name else value ~ ' as ' ~ name) -%}
    {%- endfor -%}
    {%- for name, type in expected.items() if name not in columns -%}
        {%- do selected.append('cast(null as ' ~ type ~ ') as ' ~ name) -%}
    {%- endfor -%}
    select
        {%- for column in selected %}
        {{ column }}{{ ',' if not loop.last }}
        {%- endfor %}
    {% if columns %}from {{ delivered(source_id, table_name) }}{% else %}where false{% endif %}
{%- endmacro %}

{# The areas that add to a fact, each a model `int_<fact>__<area>`: the product's and the administration's own. #}
{% macro areas(fact, of_the_product) -%}
    {{ return(of_the_product + own_areas().get(fact, [])) }}
{%- endmacro %}

{# Whether a version of a row was open when a load had been taken in. #}
{% macro is_in_load(load_id) -%}
    {% if load_id is none %}false
    {%- else -%}
        valid_from_load <= {{ load_id | int }} and (valid_to_load is null or valid_to_load > {{ load_id | int }})
    {%- endif %}
{%- endmacro %}

{# A step between two publications (docs/decisions/0008): the rows of the earlier one's load, each value as the
   step takes it: `said` as it was, `later` as the later one has it, `stated` as the later one has it
   wherever the earlier one had any. `restated` comes from the contract: see kvalitet.past.restated_rows. #}
{% macro restated_rows(relation, load_id, restated) -%}
    {%- if restated.whole -%}
        select * from {{ relation }} where {{ is_in_load(restated.load) }}
    {%- else -%}
        select
            {%- for column in restated.columns %}
                {% if column.takes == 'later' %}
                    case when later.{{ restated.key[0] }} is null then said.{{ column.name }} else later.{{ column.name }} end
                {%- elif column.takes == 'stated' %}
                    case when said.{{ column.stated_by }} is null then said.{{ column.name }} else later.{{ column.name }} end
                {%- else %}
                    said.{{ column.name }}
                {%- endif %} as {{ column.name }},
            {%- endfor %}
            said.row_hash,
            said.valid_from_load,
            said.valid_to_load
        from (select * from {{ relation }} where {{ is_in_load(load_id) }}) as said
        {{ 'inner' if restated.drops_withdrawn else 'left' }} join
            (select * from {{ relation }} where {{ is_in_load(restated.load) }}) as later
            on
            {%- for column in restated.key %}
                {{ 'and ' if not loop.first }}said.{{ column }} = later.{{ column }}
            {%- endfor %}
    {%- endif %}
{%- endmacro %}

{# How many rows of every contracted table this build may see, straight from what intake wrote. #}
{% macro rows_in_force() -%}
    {%- set tables = graph.sources.values() | selectattr('schema', 'equalto', 'raw') | list if execute else [] -%}
    {%- for table in tables | sort(attribute='identifier') %}
        select
            '{{ table.source_name }}' as contract_id,
            '{{ table.name }}' as table_name,
            count(*) as rows_in_force
        from {{ table.schema }}.{{ table.identifier }}
        where {{ is_in_load(var('loads').get(table.source_name)) }}
        {{ 'union all' if not loop.last }}
    {%- endfor %}
{%- endmacro %}
