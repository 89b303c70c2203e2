select
    labour_market_figure_key,
    source_id,
    authority,
    period_code,
    period_kind,
    period_start,
    period_end,
    benefit_group,
    expected_persons,
    actual_persons,
    expected_pct,
    actual_pct,
    benchmark_rank,
    missing_reason,
    {{ is_fictional('authority') }} as is_fictional
from {{ ref('int_labour_market_figure') }}
