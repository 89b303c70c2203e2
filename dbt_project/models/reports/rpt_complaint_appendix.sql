with complaints as (

    select
        cast(extract(year from received_date) as integer) as calendar_year,
        cast(extract(quarter from received_date) as integer) as calendar_quarter,
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
    group by 1, 2, 3

),

investigations as (

    select
        cast(extract(year from ended_date) as integer) as calendar_year,
        cast(extract(quarter from ended_date) as integer) as calendar_quarter,
        'Borgerrådgiveren' as receiver_da,
        count(*) as investigations_ended
    from {{ ref('fct_investigation') }}
    where source_id = 'borgerraadgiveren' and ended_date is not null
    group by 1, 2

),

measured as (

    select
        *,
        complaints as cell_count,
        receiver_da as cell,
        complaints < {{ var('suppression_threshold') }} as is_small
    from complaints

),

protected as (

    select
        *,
        {{ is_hidden_with_its_neighbours(['calendar_year', 'calendar_quarter']) }} as is_suppressed
    from measured

)

select
    {{ key(['protected.calendar_year', 'protected.calendar_quarter', 'protected.receiver_da']) }}
        as complaint_appendix_key,
    '{{ var("own_authority") }}' as authority,
    protected.calendar_year || '-K' || protected.calendar_quarter as period_label,
    protected.receiver_da,
    case when not protected.is_suppressed then protected.complaints end as complaints,
    case when not protected.is_suppressed then cast(protected.complaint_points as bigint) end as complaint_points,
    case when protected.receiver_da = 'Borgerrådgiveren' then coalesce(investigations.investigations_ended, 0) end
        as investigations_ended,
    protected.is_suppressed,
    '{{ var("own_authority") }}' like '%(fiktiv)%' as is_fictional
from protected
left join investigations
    on
        protected.calendar_year = investigations.calendar_year
        and protected.calendar_quarter = investigations.calendar_quarter
        and protected.receiver_da = investigations.receiver_da
