{{ config(materialized='view') }}

{% for area in areas('investigation', ['borgerraadgiver', 'ministry', 'ombudsman', 'reviews']) %}
select
    source_id,
    investigation_number,
    investigation_kind,
    law_id,
    theme_id,
    {{ risk_area('matters.risk_area_id', 'matters.theme_id', 'matters.law_id') }} as risk_area_id,
    opened_date,
    ended_date,
    conclusion,
    has_measures,
    score
from {{ ref('int_investigation__' ~ area) }} as matters
{% if not loop.last %}
union all
{% endif %}
{% endfor %}
