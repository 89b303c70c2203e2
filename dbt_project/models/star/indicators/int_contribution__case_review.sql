with facts as not materialized (

    select * from {{ ref('fct_case_review') }}

),

{{ contributions('fct_case_review') }}
