with facts as not materialized (

    select
        cases.*,
        outcomes.is_decided_on_merits,
        outcomes.is_upheld
    from {{ ref('fct_external_case') }} as cases
    left join {{ ref('dim_outcome') }} as outcomes on cases.outcome_id = outcomes.outcome_id

),

{{ contributions('fct_external_case', by='month') }}
