with pairs as (

    select * from {{ ref('fct_reconciliation') }}

),

publications as (

    select * from {{ ref('dim_publication_source') }}

)

select
    pairs.reconciliation_key,
    pairs.reconciliation_kind,
    pairs.subject_da,
    pairs.source_id,
    pairs.authority,
    pairs.period_kind,
    pairs.period_label,
    pairs.measure,
    pairs.member,
    coalesce(pairs.left_said_by, left_side.publisher || ': ' || left_side.title) as left_said_by,
    left_side.source_url as left_url,
    pairs.left_value,
    coalesce(pairs.right_said_by, right_side.publisher || ': ' || right_side.title) as right_said_by,
    right_side.source_url as right_url,
    pairs.right_value,
    pairs.difference,
    pairs.tolerance,
    pairs.verdict,
    case when pairs.verdict = 'forklaret' then pairs.explained_by end as explained_by,
    case when pairs.verdict = 'forklaret' then pairs.explained_date end as explained_date,
    case when pairs.verdict = 'forklaret' then pairs.explanation_da end as explanation_da,
    coalesce(left_side.is_fictional, false) as is_fictional
from pairs
left join publications as left_side on pairs.left_publication_source_id = left_side.publication_source_id
left join publications as right_side on pairs.right_publication_source_id = right_side.publication_source_id
