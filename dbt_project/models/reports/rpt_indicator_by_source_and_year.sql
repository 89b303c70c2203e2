with figures as (

    select
        facts.*,
        -- Part of a year is not compared with a whole one, nor is one that deliveries tell of in part.
        facts.status <> 'foreloebig' and facts.period_end <= least({{ as_of_date() }}, (
            select min(loads.cutoff_date)
            from {{ ref('bridge_indicator_table') }} as measured
            inner join {{ ref('fct_source_load') }} as loads on measured.contract_id = loads.contract_id
            where facts.indicator_id = measured.indicator_id
        )) as is_over,
        (
            select string_agg(breaks.reason_da, '; ' order by breaks.reason_da)
            from {{ ref('dim_series_break') }} as breaks
            where
                facts.indicator_id = breaks.indicator_id
                and coalesce(breaks.authority, facts.authority) = facts.authority
                and breaks.first_period_start between facts.period_start - 364 and facts.period_start
        ) as break_reason_da
    from {{ ref('fct_indicator_value') }} as facts
    where period_kind in ('kalenderaar', 'beretningsaar') and breakdown_kind = 'ingen' and organisation_id = 'alle'

),

published_changes as (

    select
        authority,
        period_label,
        value as published_change_pct
    from {{ ref('fct_published_figure') }}
    where source_id = 'borgerraadgiveren' and outcome = 'aendring_fra_aaret_foer' and is_chosen

)

select
    figures.indicator_value_key,
    sources.source_number,
    figures.source_id,
    sources.name_da as source_name_da,
    sources.is_external,
    figures.indicator_id,
    figures.indicator_version,
    indicators.name_da as indicator_name_da,
    indicators.definition_da,
    figures.population_da,
    figures.authority,
    figures.period_kind,
    figures.period_label,
    figures.period_start,
    figures.period_end,
    cast(extract(year from figures.period_start) as integer) as period_year,
    indicators.unit,
    indicators.decimals,
    indicators.direction,
    indicators.dated_by,
    figures.numerator,
    figures.denominator,
    figures.value,
    figures.n,
    before.value as previous_value,
    case
        when indicators.unit = 'antal'
            then round(100 * (figures.value - before.value) / nullif(before.value, 0), 1)
    end as change_pct,
    case when indicators.unit = 'pct' then round(figures.value - before.value, 1) end as change_points,
    published_changes.published_change_pct,
    figures.break_reason_da,
    figures.status,
    figures.is_suppressed,
    figures.is_published_elsewhere,
    figures.is_fictional
from figures
left join figures as before
    on
        figures.indicator_key = before.indicator_key
        and figures.source_id = before.source_id
        and figures.authority = before.authority
        and figures.period_kind = before.period_kind
        and figures.period_start = before.period_end + 1
        and figures.break_reason_da is null
        and figures.is_over
        and before.is_over
inner join {{ ref('dim_indicator') }} as indicators on figures.indicator_key = indicators.indicator_key
inner join {{ ref('dim_source') }} as sources on figures.source_key = sources.source_key
left join published_changes
    on
        figures.indicator_id = 'borgerraadgiver_henvendelser'
        and figures.authority = published_changes.authority
        and figures.period_label = published_changes.period_label
