with unioned as (

    select * from {{ ref('int_indicator__own') }}
    union all
    select * from {{ ref('int_indicator__borgerraadgiver') }}
    union all
    select * from {{ ref('int_indicator__appeals') }}
    union all
    select * from {{ ref('int_indicator__audit') }}
    union all
    select * from {{ ref('int_indicator__surveys') }}

),

dated as (

    select
        unioned.*,
        periods.period_start,
        periods.period_end,
        indicators.indicator_key,
        indicators.version as indicator_version,
        indicators.population_da,
        indicators.rests_on
    from unioned
    inner join {{ ref('int_period') }} as periods
        on unioned.period_kind = periods.period_kind and unioned.period_label = periods.period_label
    inner join {{ ref('dim_indicator') }} as indicators
        on
            unioned.indicator_id = indicators.indicator_id
            and extract(year from periods.period_start)
            between indicators.valid_from_year and coalesce(indicators.valid_to_year, 9999)

)

select
    {{ key([
        'dated.indicator_id', 'dated.indicator_version', 'dated.source_id', 'dated.organisation_id', 'dated.authority',
        'dated.period_kind', 'dated.period_label', 'dated.breakdown_kind', 'dated.breakdown_member'
    ]) }} as indicator_value_key,
    dated.indicator_key,
    dated.indicator_id,
    dated.indicator_version,
    sources.source_key,
    dated.source_id,
    dated.organisation_id,
    dated.authority,
    dated.period_kind,
    dated.period_label,
    dated.period_start,
    dated.period_end,
    dated.breakdown_kind,
    dated.breakdown_member,
    dated.population_da,
    dated.numerator,
    dated.denominator,
    dated.value,
    cast(dated.n as bigint) as n,
    dated.is_suppressed,
    dated.is_published_elsewhere,
    dated.is_fictional,
    case
        when dated.is_suppressed then 'skjult'
        when dated.value is null then 'uden_grundlag'
        {% if var('stale') %}
        when
            string_to_array(dated.rests_on, '; ') && array[
                '{{ var("stale") | join("', '") }}'
            ]
            then 'foraeldet'
        {% endif %}
        when dated.period_end > {{ as_of_date() }} or not dated.is_complete then 'foreloebig'
        else 'endelig'
    end as status
from dated
inner join {{ ref('dim_source') }} as sources on dated.source_id = sources.source_id
