with measured as (

    select * from {{ ref('int_indicator__own_measured') }}

),

hidden as (

    select * from {{ ref('int_indicator__own_hidden_measures') }}
    union all
    select * from {{ ref('int_indicator__own_hidden_centre_measures') }}

),

judged as (

    -- What is not protected is in no hidden cell.
    select
        measured.*,
        coalesce(hidden.is_hidden, false) as is_suppressed
    from measured
    left join hidden
        on
            measured.is_small_count_protected
            and measured.authority = hidden.authority
            and measured.family = hidden.family
            and measured.cell_group = hidden.cell_group
            and measured.cell = hidden.cell

)

select
    indicator_id,
    source_id,
    case when breakdown_kind in ('center', 'center_nu') then breakdown_member else 'alle' end as organisation_id,
    authority,
    period_kind,
    period_label,
    breakdown_kind,
    breakdown_member,
    {% for shown in ['numerator', 'denominator', 'value', 'n'] %}
    case when not is_suppressed then {{ shown }} end as {{ shown }},
    {% endfor %}
    is_suppressed,
    true as is_complete,
    false as is_published_elsewhere
from judged
