with figures as (

    select * from {{ ref('fct_indicator_value') }}
    where source_id = 'klagesager'

),

members as (

    select
        'center' as breakdown_kind,
        unit_id as breakdown_member,
        name as member_name_da
    from (
        select
            unit_id,
            name,
            row_number() over (partition by unit_id order by valid_from_date desc) as newest
        from {{ ref('dim_organisation') }}
    ) as versions
    where newest = 1
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
