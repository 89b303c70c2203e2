{# A surrogate key that is the same in every build: md5 over the natural key's parts. #}
{% macro key(columns) -%}
    md5(
    {%- for column in columns %}
        {{- " || '|' || " if not loop.first }}coalesce(cast({{ column }} as text), '')
    {%- endfor -%}
    )
{%- endmacro %}

{# Columns of a table with an enforced contract, as dbt's own macro writes them, but without keys:
   they are read from the same yml and added after loading (see README.md, "Keys"). #}
{% macro get_table_columns_and_constraints() -%}
    (
    {%- for column in model['columns'].values() %}
        {{ adapter.quote(column['name']) if column.get('quote') else column['name'] }} {{ column['data_type'] }}
        {%- if column['constraints'] | selectattr('type', 'equalto', 'not_null') | list %} not null{% endif %}
        {{- ',' if not loop.last }}
    {%- endfor %}
    )
{%- endmacro %}
