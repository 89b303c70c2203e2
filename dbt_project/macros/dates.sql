{# The build's own day: models never read the clock, so that a rebuild gives the same rows. #}
{% macro as_of_date() -%}
    cast('{{ var("as_of_date") }}' as date)
{%- endmacro %}

{# The Copenhagen calendar day of an instant. #}
{% macro local_date(instant) -%}
    cast({{ instant }} at time zone 'Europe/Copenhagen' as date)
{%- endmacro %}

{# The report year (beretningsår, 1 April to 31 March) that a day belongs to, as the year it begins in. #}
{% macro report_year(day) -%}
    cast(extract(year from {{ day }}) as integer)
    - case when extract(month from {{ day }}) < 4 then 1 else 0 end
{%- endmacro %}

{# Whole days from one day to another. #}
{% macro days_between(first_day, last_day) -%}
    ({{ last_day }} - {{ first_day }})
{%- endmacro %}

{# Rows of one column, day: every day from first to last, both included. #}
{% macro day_series(first_day, last_day) -%}
    (
        select cast(instants.instant as date) as date_day
        from generate_series(
            cast('{{ first_day }}' as timestamp), cast('{{ last_day }}' as timestamp), interval '1 day'
        ) as instants (instant)
    ) as days
{%- endmacro %}

{# The day so many months later; the month's last day where it has no such day. #}
{% macro add_months(day, months) -%}
    cast({{ day }} + {{ months }} * interval '1 month' as date)
{%- endmacro %}
