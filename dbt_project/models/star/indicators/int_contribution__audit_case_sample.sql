with facts as not materialized (

    select * from {{ ref('fct_audit_case_sample') }}

),

{{ contributions('fct_audit_case_sample', authority='authority') }}
