{% set cell = ['indicator_id', 'authority', 'period_kind', 'period_label', 'breakdown_kind', 'breakdown_member'] %}
with surviving as (

    -- Kaplan–Meier: the share still open after so many days is the product of the shares left open on each of them.
    -- Rounded, so that a share of exactly one half is one.
    select
        *,
        case
            when closed_cases = at_risk then 0
            else
                round(exp(sum(ln(case when closed_cases < at_risk then 1 - closed_cases / at_risk end)) over so_far), 9)
        end as share_open
    from {{ ref('int_indicator__days_reached') }}
    window so_far as (partition by {{ cell | join(', ') }} order by days)

)

select
    {{ cell | join(', ') }},
    case
        when is_survival then cast(min(case when share_open <= 0.5 then days end) as numeric)
        else {{ median_of_closed() }}
    end as value,
    case when is_survival then all_cases else all_closed end as cases
from surviving
where is_survival or all_closed > 0
group by {{ cell | join(', ') }}, is_survival, all_cases, all_closed
