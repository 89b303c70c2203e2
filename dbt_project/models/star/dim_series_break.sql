with breaks as (

    select
        indicator_id,
        authority,
        first_period_start,
        reason_da,
        'metode' as break_kind
    from {{ ref('seed_series_break') }}
    union all
    select
        indicator_id,
        null as authority,
        cast(cast(valid_from_year as text) || '-01-01' as date) as first_period_start,
        'Ny definition (nr. ' || cast(version as text) || ')' as reason_da,
        'definition' as break_kind
    from {{ ref('dim_indicator') }}
    where version > 1

)

select
    {{ key(['indicator_id', 'authority', 'first_period_start', 'break_kind']) }} as series_break_key,
    indicator_id,
    authority,
    first_period_start,
    break_kind,
    reason_da
from breaks
