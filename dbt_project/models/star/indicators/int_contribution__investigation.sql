with facts as not materialized (

    select * from {{ ref('fct_investigation') }}

),

{{ contributions('fct_investigation', by='month') }}
