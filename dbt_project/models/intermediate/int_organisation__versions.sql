with units as (

    select * from {{ ref('stg_organisation__units') }}

)

select
    {{ key(['unit_id', 'valid_from_date']) }} as organisation_key,
    unit_id,
    name,
    level,
    parent_unit_id,
    valid_from_date,
    valid_to_date,
    -- Every day of a known unit has one version, so that no case falls between two: see covers_from_date.
    case
        when lag(valid_from_date) over versions is null then cast('0001-01-01' as date)
        else valid_from_date
    end as covers_from_date,
    coalesce(lead(valid_from_date) over versions - 1, cast('9999-12-31' as date)) as covers_to_date,
    {{ as_of_date() }} >= valid_from_date
    and ({{ as_of_date() }} <= valid_to_date or valid_to_date is null) as is_current
from units
window versions as (partition by unit_id order by valid_from_date)
