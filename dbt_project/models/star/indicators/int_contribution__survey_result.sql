with facts as not materialized (

    select * from {{ ref('fct_survey_result') }}

),

{{ contributions('fct_survey_result', authority='authority') }}
