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
    union all
    select * from {{ ref('int_indicator__labour_market') }}

),

dated as (

    -- Each figure has the definition that held when its period began; what is not registered is no figure.
    select
        unioned.*,
        periods.period_start,
        periods.period_end,
        periods.indicator_key,
        periods.indicator_version,
        periods.population_da,
        periods.rests_on
    from unioned
    inner join {{ ref('int_indicator__periods') }} as periods
        on
            unioned.indicator_id = periods.indicator_id
            and unioned.period_kind = periods.period_kind
            and unioned.period_label = periods.period_label

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
    {{ is_fictional('dated.authority') }} as is_fictional,
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
