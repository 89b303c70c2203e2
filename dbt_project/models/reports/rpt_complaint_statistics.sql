with figures as (

    select * from {{ ref('fct_indicator_value') }}
    where source_id = 'klagesager'

),

members as (

    select
        kinds.breakdown_kind,
        units.unit_id as breakdown_member,
        units.name as member_name_da
    from {{ newest_units() }} as units
    cross join (values ('center'), ('center_nu')) as kinds (breakdown_kind)
    union all
    select
        'tema' as breakdown_kind,
        theme_id as breakdown_member,
        name_da as member_name_da
    from {{ ref('dim_theme') }}
    union all
    select
        'lov' as breakdown_kind,
        law_id as breakdown_member,
        max(short_name_da) as member_name_da
    from {{ ref('dim_law') }}
    group by law_id

)

select
    figures.indicator_value_key,
    figures.indicator_id,
    indicators.name_da as indicator_name_da,
    indicators.unit,
    indicators.decimals,
    figures.population_da,
    figures.authority,
    figures.period_kind,
    figures.period_label,
    figures.period_start,
    figures.breakdown_kind,
    figures.breakdown_member,
    case figures.breakdown_member
        when 'alle' then 'Alle'
        when 'matched' then 'Genfundet hos Borgerrådgiveren'
        when 'unmatched' then 'Ikke genfundet hos Borgerrådgiveren'
        else coalesce(members.member_name_da, figures.breakdown_member)
    end as member_name_da,
    figures.numerator,
    figures.denominator,
    figures.value,
    figures.n,
    figures.status,
    figures.is_suppressed,
    figures.is_fictional
from figures
inner join {{ ref('dim_indicator') }} as indicators on figures.indicator_key = indicators.indicator_key
left join members
    on figures.breakdown_kind = members.breakdown_kind and figures.breakdown_member = members.breakdown_member
