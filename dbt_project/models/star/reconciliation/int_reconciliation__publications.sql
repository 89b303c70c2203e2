with figures as (

    select
        *,
        coalesce(rounding_unit_pct, case when unit = 'pct' and value <> floor(value) then 0.1 else 1 end)
            as rounding_unit
    from {{ ref('fct_published_figure') }}
    where value is not null

)

select
    'udgivelse_mod_udgivelse' as reconciliation_kind,
    'to_udgivelser' as subject_id,
    'To udgivelser om det samme' as subject_da,
    chosen.source_id,
    chosen.authority,
    chosen.period_kind,
    chosen.period_label,
    chosen.outcome as measure,
    coalesce(chosen.law_id, chosen.category) as member,
    chosen.publication_source_id as left_publication_source_id,
    cast(null as text) as left_said_by,
    chosen.value as left_value,
    others.publication_source_id as right_publication_source_id,
    cast(null as text) as right_said_by,
    others.value as right_value,
    -- Each rounded percentage may be half a unit off; counts are not rounded.
    case when chosen.unit = 'pct' then round((chosen.rounding_unit + others.rounding_unit) / 2, 2) else 0 end
        as tolerance
from figures as chosen
inner join figures as others
    on
        chosen.source_id = others.source_id
        and chosen.authority = others.authority
        and chosen.law_id is not distinct from others.law_id
        and chosen.category = others.category
        and chosen.period_kind = others.period_kind
        and chosen.period_label = others.period_label
        and chosen.outcome = others.outcome
        and chosen.unit = others.unit
        and chosen.is_whole_year_row = others.is_whole_year_row
        and not others.is_chosen
where chosen.is_chosen
