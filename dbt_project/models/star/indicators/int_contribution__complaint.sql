with facts as not materialized (

    select
        complaints.*,
        outcomes.is_decided_on_merits,
        outcomes.is_upheld
    from {{ ref('fct_complaint') }} as complaints
    left join {{ ref('dim_outcome') }} as outcomes on complaints.outcome_id = outcomes.outcome_id

),

{{ contributions('fct_complaint', by='quarter') }}
