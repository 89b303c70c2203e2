with facts as not materialized (

    select * from {{ ref('fct_whistleblower_statistic') }}

),

{{ contributions('fct_whistleblower_statistic', authority='authority') }}
