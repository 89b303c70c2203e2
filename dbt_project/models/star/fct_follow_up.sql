with items as (

    select * from {{ ref('int_follow_up') }}

),

causes as (

    select
        source_id,
        'undersoegelse' as caused_by_kind,
        investigation_number as caused_by_number
    from {{ ref('fct_investigation') }}
    union all
    select
        source_id,
        'sag' as caused_by_kind,
        external_case_number as caused_by_number
    from {{ ref('fct_external_case') }}
    union all
    -- Whoever follows up on a remark: the auditors themselves, the ministry, own supervision.
    select distinct
        items.source_id,
        items.caused_by_kind,
        items.caused_by_number
    from items
    inner join {{ ref('fct_audit_remark') }} as remarks
        on items.caused_by_kind = 'revisionsbemaerkning' and items.caused_by_number = remarks.remark_number

),

judged as (

    select
        items.*,
        sources.is_external,
        items.follow_up_status in ('aaben', 'delvist_lukket') as is_open,
        causes.caused_by_number is not null as is_cause_found
    from items
    inner join {{ ref('dim_source') }} as sources on items.source_id = sources.source_id
    left join causes
        on
            items.source_id = causes.source_id
            and items.caused_by_kind = causes.caused_by_kind
            and items.caused_by_number = causes.caused_by_number

)

select
    {{ key(['source_id', 'follow_up_kind', 'follow_up_number']) }} as follow_up_key,
    source_id,
    follow_up_number,
    follow_up_kind,
    caused_by_kind,
    caused_by_number,
    law_id,
    theme_id,
    risk_area_id,
    centre_id,
    owner,
    opened_date,
    due_date,
    closed_date,
    follow_up_status,
    nullif(
        concat_ws(
            '; ',
            case when owner is null then 'ansvarlig' end,
            case when due_date is null then 'frist' end,
            case when follow_up_status = 'lukket' and closed_date is null then 'lukkedato' end,
            case when is_external and caused_by_number is null then 'anledning' end
        ),
        ''
    ) as missing_da,
    {{ days_between('opened_date', 'case when is_open then ' ~ as_of_date() ~ ' else closed_date end') }} as age_days,
    is_open,
    is_open and coalesce(due_date < {{ as_of_date() }}, false) as is_overdue,
    case
        when due_date < {{ as_of_date() }} and is_open then false
        when due_date < {{ as_of_date() }} and follow_up_status = 'lukket' then closed_date <= due_date
    end as is_closed_on_time,
    is_external,
    case
        when caused_by_number is null then null
        when caused_by_kind in ('undersoegelse', 'revisionsbemaerkning') then is_cause_found
        when caused_by_kind = 'sag' and source_id in ('borgerraadgiveren', 'ombudsmanden') then is_cause_found
    end as is_cause_known,
    {{ is_fictional() }} as is_fictional
from judged
