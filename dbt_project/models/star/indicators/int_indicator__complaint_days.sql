with decided as (

    select
        cast(date_trunc('quarter', decided_date) as date) as quarter_start,
        centre_id,
        law_id,
        theme_id,
        working_days_to_decision as working_days
    from {{ ref('fct_complaint') }}
    where working_days_to_decision is not null

),

counted as (

    -- All breakdowns in one reading of the complaints.
    select
        quarter_start,
        working_days,
        case
            when grouping(centre_id) = 0 then 'center'
            when grouping(law_id) = 0 then 'lov'
            when grouping(theme_id) = 0 then 'tema'
            else 'ingen'
        end as breakdown_kind,
        case
            when grouping(centre_id) = 0 then centre_id
            when grouping(law_id) = 0 then law_id
            when grouping(theme_id) = 0 then theme_id
            else 'alle'
        end as breakdown_member,
        count(*) as complaints
    from decided
    group by
        grouping sets (
            (quarter_start, working_days),
            (quarter_start, working_days, centre_id),
            (quarter_start, working_days, law_id),
            (quarter_start, working_days, theme_id)
        )

)

select
    quarter_start,
    breakdown_kind,
    breakdown_member,
    working_days,
    complaints
from counted
where breakdown_member is not null
