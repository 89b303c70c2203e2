with facts as not materialized (

    select * from {{ ref('fct_follow_up') }}

),

{{ contributions('fct_follow_up', by='month') }}
