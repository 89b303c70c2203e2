with calendar as (

    select * from {{ ref('int_calendar') }}

)

select
    date_day,
    calendar_year,
    calendar_quarter,
    cast(extract(month from date_day) as integer) as calendar_month,
    cast(calendar_year as text) || '-K' || cast(calendar_quarter as text) as calendar_quarter_label,
    report_year,
    cast(report_year as text) || '/' || substr(cast(report_year + 1 as text), 3) as report_year_label,
    cast(extract(isodow from date_day) as integer) as weekday_number,
    working_day_number,
    holiday_name_da,
    is_weekend,
    is_holiday,
    is_closing_day,
    is_working_day
from calendar
