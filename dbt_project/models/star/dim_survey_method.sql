with known as (

    select * from {{ ref('seed_survey_method') }}

),

used as (

    select survey_method_id from {{ ref('int_survey_result__citizens') }}
    union
    select survey_method_id from {{ ref('int_survey_result__suppliers') }}

)

select
    survey_method_id,
    version,
    name_da,
    how_da,
    first_year,
    last_year,
    true as is_known
from known
union all
select
    survey_method_id,
    1 as version,
    survey_method_id as name_da,
    cast(null as text) as how_da,
    cast(null as integer) as first_year,
    cast(null as integer) as last_year,
    false as is_known
from used
where
    survey_method_id is not null
    and not exists (select 1 from known where known.survey_method_id = used.survey_method_id)
