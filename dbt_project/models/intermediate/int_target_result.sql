{% set kinds = areas('target_result', ['economy', 'vision', 'service', 'supervision', 'plan_items', 'clauses']) %}
with unioned as (

    {% for kind in kinds %}
    select * from {{ ref('int_target_result__' ~ kind) }}
    {% if not loop.last %}
    union all
    {% endif %}
    {% endfor %}

)

select
    {{ key([
        'unioned.target_kind', 'unioned.target_number', 'unioned.authority', 'unioned.centre_id', 'unioned.category_id',
        'unioned.period_start'
    ]) }} as target_result_key,
    unioned.*,
    organisation.organisation_key
from unioned
left join {{ ref('int_organisation__versions') }} as organisation
    on
        unioned.centre_id = organisation.unit_id
        and unioned.period_end between organisation.covers_from_date and organisation.covers_to_date
