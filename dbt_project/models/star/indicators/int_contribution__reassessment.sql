with facts as not materialized (

    select * from {{ ref('fct_reassessment') }}

),

{{ contributions('fct_reassessment') }}
