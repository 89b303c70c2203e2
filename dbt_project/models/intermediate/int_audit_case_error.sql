with errors as (

    select * from {{ ref('stg_audit_case_samples__errors') }}

),

samples as (

    select * from {{ ref('int_audit_case_sample') }}

)

-- Kinds of a law whose sample was set aside stay, without their sample.
select
    {{ key(["'revision'", 'errors.audit_year', 'errors.law_id', 'errors.error_kind']) }} as audit_case_error_key,
    'revision' as source_id,
    samples.audit_case_sample_key,
    errors.audit_year,
    errors.law_id,
    errors.error_kind,
    errors.cases
from errors
left join samples on errors.audit_year = samples.audit_year and errors.law_id = samples.law_id
