with facts as not materialized (

    select * from {{ ref('fct_target_result') }}

),

{{ contributions('fct_target_result', authority='authority') }}
