with facts as not materialized (

    select * from {{ ref('fct_appeal') }}

),

{{ contributions('fct_appeal') }}
