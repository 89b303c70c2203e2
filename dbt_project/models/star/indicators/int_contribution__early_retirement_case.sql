with facts as not materialized (

    select * from {{ ref('fct_early_retirement_case') }}

),

{{ contributions('fct_early_retirement_case') }}
