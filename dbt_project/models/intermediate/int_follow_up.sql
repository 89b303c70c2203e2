{{ config(materialized='view') }}

{% for area in areas('follow_up', [
    'audit', 'borgerraadgiver', 'ministry', 'ombudsman', 'political_decisions', 'reviews', 'supervision'
]) %}
select
    source_id,
    follow_up_number,
    follow_up_kind,
    caused_by_kind,
    caused_by_number,
    law_id,
    theme_id,
    {{ risk_area('matters.risk_area_id', 'matters.theme_id', 'matters.law_id') }} as risk_area_id,
    centre_id,
    owner,
    opened_date,
    due_date,
    closed_date,
    follow_up_status
from {{ ref('int_follow_up__' ~ area) }} as matters
{% if not loop.last %}
union all
{% endif %}
{% endfor %}
