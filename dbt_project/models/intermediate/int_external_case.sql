{{ config(materialized='view') }}

{% for area in areas('external_case', ['borgerraadgiver', 'courts', 'ombudsman']) %}
select
    source_id,
    external_case_number,
    case_kind,
    received_date,
    referred_date,
    concluded_date,
    outcome_id,
    law_id,
    theme_id,
    centre_id,
    own_case_number,
    overlap_status,
    matched_complaints,
    is_about_administration,
    is_in_case_list
from {{ ref('int_external_case__' ~ area) }}
{% if not loop.last %}
union all
{% endif %}
{% endfor %}
