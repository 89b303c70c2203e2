with days as (

    select date_day from {{ day_series(var('calendar_start'), var('calendar_end')) }}

),

holidays as (

    select * from {{ ref('seed_holiday') }}

),

named as (

    select
        days.date_day,
        cast(extract(year from days.date_day) as integer) as calendar_year,
        cast(extract(quarter from days.date_day) as integer) as calendar_quarter,
        {{ report_year('days.date_day') }} as report_year,
        holidays.name_da as holiday_name_da,
        extract(isodow from days.date_day) >= 6 as is_weekend,
        coalesce(holidays.kind = 'helligdag', false) as is_holiday,
        coalesce(holidays.kind = 'lukkedag', false) as is_closing_day
    from days
    left join holidays on days.date_day = holidays.date_day

),

judged as (

    select
        *,
        not(
            is_weekend
            or is_holiday
            {% if not var('closing_days_are_working_days') %}or is_closing_day{% endif %}
        ) as is_working_day
    from named

)

select
    *,
    -- Working days between two days are then one subtraction, whatever the number of rows.
    cast(sum(case when is_working_day then 1 else 0 end) over (order by date_day) as integer) as working_day_number
from judged
