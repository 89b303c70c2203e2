with facts as not materialized (

    select * from {{ ref('fct_clause_check') }}

),

{{ contributions('fct_clause_check') }}
