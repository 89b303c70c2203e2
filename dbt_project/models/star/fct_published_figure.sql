with figures as (

    select * from {{ ref('int_published_figure__choice') }}

),

flags as (

    select
        publication_source_id,
        authority,
        law_name,
        period_label,
        is_whole_year_row,
        unit,
        outcome_id,
        string_agg(flag, '; ' order by flag) as flags
    from {{ ref('int_published_figure__flags') }}
    group by publication_source_id, authority, law_name, period_label, is_whole_year_row, unit, outcome_id

),

rounding as (

    select * from {{ ref('int_published_figure__rounding') }}

),

laws as (

    select * from {{ ref('int_law__versions') }}

)

select
    {{ key([
        'figures.source_id', 'figures.publication_source_id', 'figures.authority', 'figures.law_name',
        'figures.period_kind', 'figures.period_label', 'figures.outcome_id', 'figures.unit',
        'figures.category', 'figures.is_whole_year_row'
    ]) }} as published_figure_key,
    figures.publication_source_id,
    figures.source_id,
    figures.authority,
    figures.law_id,
    laws.law_key,
    figures.law_name,
    figures.parent_law_name,
    figures.period_kind,
    figures.period_label,
    figures.period_start,
    figures.period_end,
    figures.outcome_id as outcome,
    figures.category,
    figures.unit,
    figures.value,
    figures.missing_reason,
    figures.note_da,
    flags.flags,
    coalesce(
        rounding.rounding_unit_pct,
        case when figures.unit = 'pct' then round(power(0.1, figures.stated_decimals), 6) end
    ) as rounding_unit_pct,
    figures.missing_reason is not null as is_suppressed,
    figures.is_whole_year_row,
    figures.is_chosen,
    {{ is_fictional('figures.authority') }} as is_fictional,
    flags.flags is null as is_consistent
from figures
left join flags
    on
        figures.publication_source_id = flags.publication_source_id
        and figures.authority = flags.authority
        and figures.law_name = flags.law_name
        and figures.period_label = flags.period_label
        and figures.is_whole_year_row = flags.is_whole_year_row
        and figures.unit = flags.unit
        and figures.outcome_id = flags.outcome_id
left join rounding
    on
        figures.unit = 'pct'
        and figures.publication_source_id = rounding.publication_source_id
        and figures.authority = rounding.authority
        and figures.law_name = rounding.law_name
        and figures.period_label = rounding.period_label
left join laws
    on
        figures.law_id = laws.law_id
        and figures.period_end between laws.covers_from_date and laws.covers_to_date
