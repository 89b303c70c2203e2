with statements as (

    select * from {{ ref('int_published_figure__statements') }}
    where unit = 'pct'

),

rounding as (

    select * from {{ ref('int_published_figure__rounding') }}
    where not is_within_rounding

)

select
    statements.publication_source_id,
    statements.authority,
    statements.law_name,
    statements.period_label,
    statements.is_whole_year_row,
    statements.unit,
    statements.outcome_id,
    'afrunding' as flag
from statements
inner join rounding
    on
        statements.publication_source_id = rounding.publication_source_id
        and statements.authority = rounding.authority
        and statements.law_name = rounding.law_name
        and statements.period_label = rounding.period_label
