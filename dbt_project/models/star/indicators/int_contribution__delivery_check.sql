with facts as not materialized (

    select * from {{ ref('fct_delivery_check') }}

),

{{ contributions('fct_delivery_check') }}
