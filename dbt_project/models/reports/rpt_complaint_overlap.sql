with figures as (

    select * from {{ ref('fct_indicator_value') }}
    where
        indicator_id in ('klager_modtaget', 'klager_henvist_fra_borgerraadgiver', 'borgerraadgiver_henvisninger')
        and period_kind in ('kalenderaar', 'beretningsaar')
        and breakdown_kind in ('ingen', 'overlap')

),

pivoted as (

    -- A figure that is not there is 0 here, since the cases are counted one by one; a hidden one stays unknown.
    select
        authority,
        period_kind,
        period_label,
        period_start,
        period_end,
        {% for name, indicator_id, member in [
            ('own_complaints', 'klager_modtaget', 'alle'),
            ('own_referred', 'klager_henvist_fra_borgerraadgiver', 'alle'),
            ('own_referred_matched', 'klager_henvist_fra_borgerraadgiver', 'matched'),
            ('own_referred_unmatched', 'klager_henvist_fra_borgerraadgiver', 'unmatched'),
            ('referrals', 'borgerraadgiver_henvisninger', 'alle'),
            ('referrals_matched', 'borgerraadgiver_henvisninger', 'matched'),
            ('referrals_unmatched', 'borgerraadgiver_henvisninger', 'unmatched'),
        ] %}
        case
            when bool_or(indicator_id = '{{ indicator_id }}' and breakdown_member = '{{ member }}' and is_suppressed)
                then null
            else
                coalesce(
                    max(
                        case
                            when indicator_id = '{{ indicator_id }}' and breakdown_member = '{{ member }}' then value
                        end
                    ), 0
                )
        end as {{ name }},
        {% endfor %}
        bool_or(is_suppressed) as is_suppressed,
        bool_or(is_fictional) as is_fictional
    from figures
    group by authority, period_kind, period_label, period_start, period_end

)

select
    authority,
    period_kind,
    period_label,
    period_start,
    period_end,
    cast(own_complaints as bigint) as own_complaints,
    cast(own_referred as bigint) as own_referred,
    cast(own_referred_matched as bigint) as own_referred_matched,
    cast(own_referred_unmatched as bigint) as own_referred_unmatched,
    cast(referrals as bigint) as referrals,
    cast(referrals_matched as bigint) as referrals_matched,
    cast(referrals_unmatched as bigint) as referrals_unmatched,
    cast(own_complaints + referrals_unmatched as bigint) as counted_once,
    is_suppressed,
    is_fictional
from pivoted
