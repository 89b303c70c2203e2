with referrals as (

    select * from {{ ref('fct_external_case') }}
    where source_id = 'borgerraadgiveren' and referred_date is not null

),

links as (

    select
        'genvurdering' as from_kind,
        reassessment_key as from_key,
        case_number as from_number,
        centre_id,
        'klage' as to_kind,
        complaint_key as to_key,
        case_number as to_number
    from {{ ref('fct_reassessment') }}
    union all
    select
        'ankesag' as from_kind,
        appeals.appeal_key as from_key,
        appeals.appeal_number as from_number,
        appeals.centre_id,
        ends.to_kind,
        case ends.to_kind when 'klage' then complaints.complaint_key else appeals.reassessment_key end as to_key,
        appeals.case_number as to_number
    from {{ ref('fct_appeal') }} as appeals
    left join {{ ref('fct_complaint') }} as complaints on appeals.case_number = complaints.case_number
    cross join (values ('klage'), ('genvurdering')) as ends (to_kind)
    union all
    select
        'klage' as from_kind,
        complaints.complaint_key as from_key,
        complaints.case_number as from_number,
        complaints.centre_id,
        'henvisning' as to_kind,
        referrals.external_case_key as to_key,
        complaints.referrer_case_number as to_number
    from {{ ref('fct_complaint') }} as complaints
    left join referrals on complaints.referrer_case_number = referrals.external_case_number
    where complaints.referred_by = 'borgerraadgiver'
    union all
    -- Seen from the other end: what was sent on and is not found there.
    select
        'genvurdering' as from_kind,
        reassessments.reassessment_key as from_key,
        reassessments.case_number as from_number,
        reassessments.centre_id,
        'ankesag' as to_kind,
        null as to_key,
        reassessments.appeal_number as to_number
    from {{ ref('fct_reassessment') }} as reassessments
    left join {{ ref('fct_appeal') }} as appeals on reassessments.reassessment_key = appeals.reassessment_key
    where reassessments.forwarded_date is not null and appeals.appeal_key is null
    union all
    select
        'henvisning' as from_kind,
        external_case_key as from_key,
        external_case_number as from_number,
        null as centre_id,
        'klage' as to_kind,
        null as to_key,
        null as to_number
    from referrals
    where overlap_status = 'unmatched'

)

select
    {{ key(['from_kind', 'from_key', 'to_kind']) }} as case_link_key,
    from_kind,
    from_key,
    from_number,
    centre_id,
    to_kind,
    to_key,
    to_number,
    case when to_key is null then 'unmatched' else 'matched' end as link_status
from links
