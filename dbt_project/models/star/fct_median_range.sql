{% set cell = ['indicator_id', 'authority', 'period_kind', 'period_label'] %}
with rejects as (

    {{ open_rejects_by_indicator() }}

),

reached as (

    select
        days_reached.*,
        rejects.rows_missing,
        rejects.cases_changed,
        days_reached.at_risk - rejects.cases_changed as least_at_risk,
        days_reached.at_risk + rejects.rows_missing + rejects.cases_changed as most_at_risk
    from {{ ref('int_indicator__days_reached') }} as days_reached
    inner join rejects on days_reached.indicator_id = rejects.indicator_id
    where days_reached.breakdown_kind = 'ingen'

),

shares as (

    -- Kaplan–Meier's share still open after so many days, no less and no more than it can be: least where cases that
    -- may count otherwise were never watched and all open rows end on that very day, most where none of them ever ends.
    select
        *,
        case
            when min(least_at_risk - closed_cases) over so_far <= 0 then 0
            else
                exp(sum(ln(
                    case when closed_cases < least_at_risk then 1 - closed_cases / least_at_risk end
                )) over so_far)
                * greatest(least_at_risk - cases, 0) / nullif(at_risk - cases + rows_missing, 0)
        end as least_open,
        case
            when closed_cases = most_at_risk then 0
            else
                exp(sum(ln(
                    case when closed_cases < most_at_risk then 1 - closed_cases / most_at_risk end
                )) over so_far)
                * case when cases_changed = 0 then 1 else 1 + cases_changed / nullif(at_risk - closed_cases, 0) end
        end as most_open
    from reached
    window so_far as (partition by {{ cell | join(', ') }} order by days)

),

ranges as (

    -- The middle of the closed cases moves a place for each that changes sides, and half a place for each more.
    select
        {{ cell | join(', ') }},
        case
            when is_survival and 2 * (all_cases - cases_changed) <= all_cases + rows_missing then 0
            when is_survival then min(case when coalesce(round(least_open, 9), 0) <= 0.5 then days end)
            else {{ median_of_closed(below='rows_missing + cases_changed', more='rows_missing') }}
        end as lowest_value,
        case
            when is_survival then min(case when round(most_open, 9) <= 0.5 then days end)
            else {{ median_of_closed(below='-cases_changed', more='rows_missing') }}
        end as highest_value
    from shares
    group by {{ cell | join(', ') }}, is_survival, all_cases, all_closed, rows_missing, cases_changed

)

select
    figures.indicator_value_key,
    figures.indicator_id,
    cast(ranges.lowest_value as numeric) as lowest_value,
    cast(ranges.highest_value as numeric) as highest_value
from ranges
inner join {{ ref('fct_indicator_value') }} as figures
    on
        ranges.indicator_id = figures.indicator_id
        and ranges.authority = figures.authority
        and ranges.period_kind = figures.period_kind
        and ranges.period_label = figures.period_label
where
    figures.organisation_id = 'alle'
    and figures.breakdown_kind = 'ingen'
    and not figures.is_published_elsewhere
    and figures.value is not null
