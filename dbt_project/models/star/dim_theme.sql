with known as (

    select * from {{ ref('seed_theme') }}

),

used as (

    select theme_id from {{ ref('int_complaint__dates') }}
    union
    select theme_id from {{ ref('int_complaint__points') }}
    union
    select theme_id from {{ ref('int_audit_remark') }}
    {% for model in ['int_external_case', 'int_appeal_case', 'int_investigation', 'int_follow_up'] %}
    union
    select theme_id from {{ ref(model) }}
    {% endfor %}

)

select
    theme_id,
    name_da,
    true as is_known
from known
union all
select
    theme_id,
    theme_id as name_da,
    false as is_known
from used
where
    theme_id is not null
    and not exists (select 1 from known where known.theme_id = used.theme_id)
