with complaints as (

    select
        to_char(received_date, 'YYYY"-K"Q') as period_label,
        case received_by
            when 'forvaltningen' then 'Forvaltningen'
            when 'borgerraadgiver' then 'Borgerrådgiveren'
            else 'Borgmester og direktør'
        end as receiver_da,
        count(*) as complaints,
        sum(complaint_points) as complaint_points
    from {{ ref('fct_complaint') }}
    -- Quarters that are over.
    where date_trunc('quarter', received_date) < date_trunc('quarter', {{ as_of_date() }})
    group by 1, 2

),

investigations as (

    select
        to_char(ended_date, 'YYYY"-K"Q') as period_label,
        'Borgerrådgiveren' as receiver_da,
        count(*) as investigations_ended
    from {{ ref('fct_investigation') }}
    where source_id = 'borgerraadgiveren' and ended_date is not null
    group by 1

),

hidden_quarters as (

    -- Shown here, a quarter that the indicator hides could be added up again.
    select period_label
    from {{ ref('fct_indicator_value') }}
    where
        indicator_id = 'klager_modtaget'
        and period_kind = 'kvartal'
        and breakdown_kind = 'ingen'
        and is_suppressed

),

measured as (

    select
        complaints.*,
        complaints.complaints as cell_count,
        complaints.receiver_da as cell,
        complaints.complaints < {{ var('suppression_threshold') }}
        or hidden_quarters.period_label is not null as is_small
    from complaints
    left join hidden_quarters
        on complaints.period_label = hidden_quarters.period_label

),

protected as (

    select
        *,
        {{ is_hidden_with_its_neighbours(['period_label']) }} as is_suppressed
    from measured

)

select
    {{ key(['protected.period_label', 'protected.receiver_da']) }} as complaint_appendix_key,
    '{{ var("own_authority") }}' as authority,
    protected.period_label,
    protected.receiver_da,
    case when not protected.is_suppressed then protected.complaints end as complaints,
    case when not protected.is_suppressed then cast(protected.complaint_points as bigint) end as complaint_points,
    case when protected.receiver_da = 'Borgerrådgiveren' then coalesce(investigations.investigations_ended, 0) end
        as investigations_ended,
    protected.is_suppressed,
    {{ is_fictional() }} as is_fictional
from protected
left join investigations
    on
        protected.period_label = investigations.period_label
        and protected.receiver_da = investigations.receiver_da
