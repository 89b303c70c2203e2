{# Whether the figures of an authority are made up: what seed_authority says of it. Without a column: the own authority.
   For the last step of what is published; nothing before it carries the mark along. #}
{% macro is_fictional(authority=none) -%}
    {{ authority or "'" ~ var('own_authority') ~ "'" }} in (
        select marked.authority from {{ ref('seed_authority') }} as marked
        where marked.is_fictional
    )
{%- endmacro %}
