{# Per indicator: the open rows set aside in the tables whose rows it counts. A missing row is one case more, and what
   else it reaches; a held one may already count otherwise than it should. #}
{% macro open_rejects_by_indicator() -%}
    select
        bridge.indicator_id,
        sum(coalesce(tables.rows_missing, 0)) as rows_missing,
        sum(coalesce(tables.rows_held, 0)) as rows_held,
        sum(
            coalesce(tables.rows_held, 0) * bridge.most_cases
            + coalesce(tables.rows_missing, 0) * (bridge.most_cases - 1)
        ) as cases_changed,
        min(tables.open_since_date) as open_since_date,
        coalesce(
            bool_or(bridge.most_cases is null and tables.rows_missing + tables.rows_held > 0), false
        ) as has_no_bound
    from {{ ref('bridge_indicator_table') }} as bridge
    left join {{ ref('fct_delivered_table') }} as tables
        on bridge.contract_id = tables.contract_id and bridge.table_name = tables.table_name
    group by bridge.indicator_id
{%- endmacro %}
