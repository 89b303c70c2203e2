{{ config(materialized='view') }}

select
    case_number,
    point_number,
    theme_id,
    outcome_id
from {{ ref('stg_bif_complaints__complaint_points') }}
