select
    'ledelsestilsyn' as source_id,
    action_number as follow_up_number,
    'handleplanspunkt' as follow_up_kind,
    case caused_by_kind
        when 'revisionsbemærkning' then 'revisionsbemaerkning'
        when 'undersøgelse' then 'undersoegelse'
        else caused_by_kind
    end as caused_by_kind,
    caused_by_number,
    cast(null as text) as law_id,
    cast(null as text) as theme_id,
    risk_area_id,
    centre_id,
    owner,
    opened_date,
    due_date,
    closed_date,
    {{ follow_up_status('status') }} as follow_up_status
from {{ ref('stg_management_supervision__action_plans') }}
