with all_statements as (

    select * from {{ ref('int_published_figure__choice') }}
    where source_id = 'ankestyrelsen' and unit = 'antal'

),

statements as (

    select * from all_statements
    where is_chosen

),

quarter_sums as (

    select
        authority,
        law_id,
        substr(period_label, 1, 4) as period_label,
        outcome_id,
        max(parent_law_name) as parent_law_name,
        sum(value) as value,
        count(*) = 4 as has_all_quarters,
        count(*) = count(value) as has_all_values
    from statements
    where period_kind = 'kvartal'
    group by authority, law_id, substr(period_label, 1, 4), outcome_id

),

whole_years as (

    select * from statements
    where
        period_kind = 'kalenderaar'
        and exists (
            select 1 from all_statements as banks
            where
                banks.is_whole_year_row
                and banks.authority = statements.authority
                and banks.law_id = statements.law_id
                and banks.period_label = statements.period_label
        )

)

-- A year is the sum of its four quarters; the bank's own whole year ("5. kvartal") stands in where a quarter
-- is suppressed or missing, and is never added to them.
select
    coalesce(quarter_sums.authority, whole_years.authority) as authority,
    coalesce(quarter_sums.law_id, whole_years.law_id) as law_id,
    coalesce(quarter_sums.parent_law_name, whole_years.parent_law_name) as parent_law_name,
    coalesce(quarter_sums.period_label, whole_years.period_label) as period_label,
    coalesce(quarter_sums.outcome_id, whole_years.outcome_id) as outcome_id,
    case
        when quarter_sums.has_all_quarters and quarter_sums.has_all_values then quarter_sums.value
        when whole_years.law_id is not null then whole_years.value
        when quarter_sums.has_all_values then quarter_sums.value
    end as value,
    coalesce(quarter_sums.has_all_quarters, false) or whole_years.law_id is not null as is_complete
from quarter_sums
full outer join whole_years
    on
        quarter_sums.authority = whole_years.authority
        and quarter_sums.law_id = whole_years.law_id
        and quarter_sums.period_label = whole_years.period_label
        and quarter_sums.outcome_id = whole_years.outcome_id
