{# The rows of a delivered table that this build may see: those of its fixed load, whatever has arrived since.
   Without a load the table is there, with its columns and no rows. #}
{% macro delivered(source_id, table_name) -%}
    {%- set load_id = var('loads').get(source_id) -%}
    (
        select * from {{ source(source_id, table_name) }}
        where
        {% if load_id is none %}
            false
        {% else %}
            valid_from_load <= {{ load_id | int }}
            and (valid_to_load is null or valid_to_load > {{ load_id | int }})
        {% endif %}
    ) as delivered_rows
{%- endmacro %}
