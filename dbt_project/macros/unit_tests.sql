{#
  What a unit test compares: numbers by their value, whatever their scale (10 and 10.0000000000 are one).

  main_sql, expected_fixture_sql: queries of the same columns. expected_column_names: quoted, those that the test states.
#}
{% macro postgres__get_unit_test_sql(main_sql, expected_fixture_sql, expected_column_names) -%}
    {%- set numbers = [] -%}
    {%- for column in get_column_schema_from_query(main_sql) if column.dtype in ('DECIMAL', 'numeric') -%}
        {%- do numbers.append(adapter.quote(column.name)) -%}
    {%- endfor -%}
    {{ dbt.default__get_unit_test_sql(
        without_trailing_zeros(main_sql, expected_column_names, numbers),
        without_trailing_zeros(expected_fixture_sql, expected_column_names, numbers),
        expected_column_names
    ) }}
{%- endmacro %}

{% macro without_trailing_zeros(query, columns, numbers) -%}
    select
        {%- for column in columns %}
        {% if column in numbers %}trim_scale({{ column }}) as {{ column }}{% else %}{{ column }}{% endif %}
        {{- "," if not loop.last }}
        {%- endfor %}
    from ({{ query }}) as compared
{%- endmacro %}
