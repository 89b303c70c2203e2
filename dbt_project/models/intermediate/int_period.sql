with days as (

    select * from {{ ref('int_calendar') }}

),

labelled as (

    select
        'kalenderaar' as period_kind,
        cast(calendar_year as text) as period_label,
        calendar_year as period_year,
        date_day
    from days
    union all
    select
        'beretningsaar' as period_kind,
        cast(report_year as text) || '/' || substr(cast(report_year + 1 as text), 3) as period_label,
        report_year as period_year,
        date_day
    from days
    union all
    select
        'kvartal' as period_kind,
        cast(calendar_year as text) || '-K' || cast(calendar_quarter as text) as period_label,
        calendar_year as period_year,
        date_day
    from days

)

select
    period_kind,
    period_label,
    period_year,
    case
        -- The calendar may begin in the middle of a report year, which begins on 1 April all the same.
        when period_kind = 'beretningsaar' then cast(cast(period_year as text) || '-04-01' as date)
        else min(date_day)
    end as period_start,
    case
        when period_kind = 'beretningsaar' then cast(cast(period_year + 1 as text) || '-03-31' as date)
        else max(date_day)
    end as period_end
from labelled
group by period_kind, period_label, period_year
