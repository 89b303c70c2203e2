with figures as (

    select
        figures.*,
        indicators.unit,
        indicators.is_cumulative,
        bool_or(figures.period_kind = 'kvartal') over (
            partition by
                figures.indicator_id, figures.source_id, figures.authority, figures.organisation_id,
                figures.breakdown_kind, figures.breakdown_member
        ) as has_quarters
    from {{ ref('fct_indicator_value') }} as figures
    inner join {{ ref('dim_indicator') }} as indicators on figures.indicator_key = indicators.indicator_key
    where figures.breakdown_kind in ('ingen', 'center')

),

followed as (

    -- By quarter where there are quarters; the whole by year where there are none, each kind of year for itself.
    select
        *,
        {{ key([
            'indicator_id', 'source_id', 'authority', 'organisation_id', 'breakdown_kind', 'breakdown_member',
            'period_kind'
        ]) }} as series_key
    from figures
    where period_kind = 'kvartal' or (breakdown_kind = 'ingen' and not has_quarters)

),

series as (

    select
        series_key,
        indicator_id,
        source_id,
        authority,
        organisation_id,
        breakdown_kind,
        breakdown_member,
        period_kind,
        bool_and(value >= 0) as is_never_negative,
        bool_and(unit = 'pct' and value <= 100) as is_never_above_whole,
        bool_or(is_cumulative) as is_cumulative,
        min(period_start) as first_start,
        max(period_start) as last_start,
        max(case when value is not null then period_start end) as last_known_start
    from followed
    group by
        series_key, indicator_id, source_id, authority, organisation_id, breakdown_kind, breakdown_member, period_kind

)

select
    series.series_key,
    followed.indicator_value_key,
    series.indicator_id,
    series.source_id,
    series.authority,
    series.organisation_id,
    series.breakdown_kind,
    series.breakdown_member,
    series.period_kind,
    periods.period_label,
    periods.period_start,
    periods.period_end,
    followed.value,
    coalesce(followed.status, 'mangler') as status,
    coalesce(series.is_never_negative, false) as is_never_negative,
    coalesce(series.is_never_above_whole, false) as is_never_above_whole,
    coalesce(series.is_cumulative, false) as is_cumulative,
    followed.value is not null
    and (
        followed.status = 'endelig'
        or (followed.status = 'foraeldet' and periods.period_start < series.last_known_start)
    ) as is_in_limits
from series
inner join {{ ref('int_period') }} as periods
    on
        series.period_kind = periods.period_kind
        and periods.period_start between series.first_start and series.last_start
left join followed
    on series.series_key = followed.series_key and periods.period_label = followed.period_label
