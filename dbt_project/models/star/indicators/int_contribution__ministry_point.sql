with facts as not materialized (

    select * from {{ ref('fct_ministry_point') }}

),

{{ contributions('fct_ministry_point', authority='authority') }}
