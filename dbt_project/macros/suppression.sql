{# is_hidden: a small cell takes the next smallest of its group with it, until two are hidden and together they are not small;
   otherwise the total less the others would give it away. The rows have is_small, cell_count and cell. #}
{% macro is_hidden_with_its_neighbours(group_columns) -%}
    {%- set enough = 2 * var('suppression_threshold') | int -%}
    {%- set group = 'partition by ' ~ group_columns | join(', ') -%}
    {%- set before -%}
        {{ group }} order by is_small desc, cell_count = 0, cell_count, cell rows between unbounded preceding and 1 preceding
    {%- endset -%}
    is_small
    or (
        bool_or(is_small) over ({{ group }})
        and (
            count(*) over ({{ before }}) < 2
            or (coalesce(sum(cell_count) over ({{ before }}), 0) < {{ enough }} and cell_count > 0)
        )
    )
{%- endmacro %}

{# Which cells that are made of centres' cells are hidden: today's centres, and centres' quarters. `shown` is the model that says
   which of the years' cells are hidden; `same` the columns that it shares with `measured`, the CTE before this. #}
{% macro hidden_of_centres(shown, same) -%}
    {%- set enough = 2 * var('suppression_threshold') | int -%}
    {%- set group = same + ['cell_group'] -%}
    shown as (

        select * from {{ ref(shown) }}

    ),

    cells as (

        select
            {% for column in group %}measured.{{ column }}, {% endfor %}
            measured.period_label,
            measured.cell,
            min(measured.cell_count) as cell_count,
            bool_or(measured.n > 0) as is_present,
            -- Small itself, or made of a hidden cell: a year of one of its centres, or the quarter of them all.
            bool_or(
                measured.is_small or coalesce(years.is_hidden, false) or coalesce(quarters.is_hidden, false)
            ) as is_small
        from measured
        left join {{ ref('bridge_organisation_succession') }} as succession
            on measured.breakdown_kind = 'center_nu' and measured.cell = succession.current_unit_id
        left join shown as years
            on
                {% for column in same %}measured.{{ column }} = years.{{ column }} and {% endfor %}
                years.cell_group = measured.centres_cell_group
                and years.cell = coalesce(succession.unit_id, measured.cell)
        left join shown as quarters
            on
                {% for column in same %}measured.{{ column }} = quarters.{{ column }} and {% endfor %}
                quarters.cell_group = 'kvartal'
                and quarters.cell = measured.period_label
        group by
            {% for column in group %}measured.{{ column }}, {% endfor %}measured.period_label, measured.cell

    ),

    centres as (

        -- A centre's quarters of one year are hidden together: with the year they would give each other away.
        select
            {{ group | join(', ') }},
            cell,
            coalesce(min(case when is_present then cell_count end), 0) as cell_count,
            bool_or(is_small) as is_small
        from cells
        group by {{ group | join(', ') }}, cell

    ),

    hidden as (

        select
            {{ group | join(', ') }},
            cell,
            {{ is_hidden_with_its_neighbours(group) }} as is_hidden
        from centres

    ),

    periods as (

        -- A centre that opened or closed in the year may leave another hidden alone in some quarter.
        select
            {% for column in group %}cells.{{ column }}, {% endfor %}
            bool_or(hidden.is_hidden)
            and (
                count(case when hidden.is_hidden and cells.is_present then 1 end) = 1
                or (
                    sum(case when hidden.is_hidden then cells.cell_count end) > 0
                    and sum(case when hidden.is_hidden then cells.cell_count end) < {{ enough }}
                )
            ) as is_given_away
        from cells
        inner join hidden
            on
                {% for column in group %}cells.{{ column }} = hidden.{{ column }} and {% endfor %}
                cells.cell = hidden.cell
        group by {% for column in group %}cells.{{ column }}, {% endfor %}cells.period_label

    )

    select
        {% for column in group %}hidden.{{ column }}, {% endfor %}
        hidden.cell,
        hidden.is_hidden or bool_or(periods.is_given_away) as is_hidden
    from hidden
    inner join periods
        on {% for column in group %}hidden.{{ column }} = periods.{{ column }}{{ ' and ' if not loop.last }}{% endfor %}
    group by {% for column in group %}hidden.{{ column }}, {% endfor %}hidden.cell, hidden.is_hidden
{%- endmacro %}
