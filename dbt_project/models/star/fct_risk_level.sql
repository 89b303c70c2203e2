with scored as (

    select * from {{ ref('int_risk_score') }}

),

levels as (

    select
        level,
        from_score,
        level_name_da,
        lead(from_score) over (order by level) as next_from_score
    from {{ ref('dim_risk_level') }}

)

select
    {{ key(['scored.risk_area_id', 'scored.level_date']) }} as risk_level_key,
    scored.risk_area_id,
    scored.level_date,
    scored.assessed_date,
    scored.criteria_score,
    scored.indicator_score,
    scored.score,
    levels.level,
    case
        when scored.criteria_score is null then 'Ikke vurderet efter kriterierne. '
        else 'Kriterier ' || {{ danish_number('scored.criteria_score', 2) }} || ': ' || scored.criteria_da || '. '
    end
    || case
        when scored.signals_measured = 0 then 'Ingen indikator har sager nok. '
        when scored.raising_da is null
            then 'Indikatorer ' || {{ danish_number('scored.indicator_score', 2) }} || ': ingen over grænserne. '
        else
            'Indikatorer ' || {{ danish_number('scored.indicator_score', 2) }} || ': ' || scored.raising_da || '. '
    end
    || case
        when levels.level is null then 'Kan ikke indplaceres.'
        else
            'Score ' || {{ danish_number('scored.score', 2) }} || ' giver niveau ' || levels.level || ' (fra '
            || {{ danish_number('levels.from_score', 1) }} || ').'
    end as reasons_da,
    scored.is_example_policy
from scored
left join levels
    on
        scored.score >= levels.from_score
        and (scored.score < levels.next_from_score or levels.next_from_score is null)
