select
    finding_kind,
    name_da,
    measure,
    weight,
    window_months,
    least_cases,
    points_2_from,
    points_3_from,
    points_4_from,
    points_5_from
from {{ ref('seed_risk_policy_signal') }}
