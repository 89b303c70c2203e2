with known as (

    select * from {{ ref('seed_law') }}

),

used as (

    select law_id from {{ ref('stg_bif_complaints__complaints') }}
    union
    select law_id from {{ ref('int_published_figure__statements') }}
    union
    select law_id from {{ ref('int_external_case') }}
    union
    select law_id from {{ ref('stg_appeal_cases__appeals') }}

),

all_versions as (

    select
        law_id,
        version,
        law_name,
        short_name_da,
        parent_law_id,
        is_total,
        valid_from_date,
        valid_to_date,
        note_da,
        true as is_known
    from known
    union all
    select
        used.law_id,
        1 as version,
        used.law_id as law_name,
        used.law_id as short_name_da,
        null as parent_law_id,
        false as is_total,
        cast('0001-01-01' as date) as valid_from_date,
        null as valid_to_date,
        'Står ikke i lovregistret (register/seed_law.csv)' as note_da,
        false as is_known
    from used
    where
        used.law_id is not null
        and not exists (select 1 from known where known.law_id = used.law_id)

)

select
    {{ key(['law_id', 'version']) }} as law_key,
    *,
    case
        when lag(version) over (partition by law_id order by version) is null then cast('0001-01-01' as date)
        else valid_from_date
    end as covers_from_date,
    coalesce(lead(valid_from_date) over (partition by law_id order by version) - 1, cast('9999-12-31' as date))
        as covers_to_date
from all_versions
