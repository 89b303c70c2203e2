with clauses as (

    select
        *,
        'arbejdsklausul' as clause_kind
    from {{ ref('int_contract') }}
    where has_labour_clause
    union all
    select
        *,
        'social_klausul' as clause_kind
    from {{ ref('int_contract') }}
    where has_social_clause

),

years as (

    -- A clause is to be looked at in each calendar year in which it is in force; a year is judged when it is over.
    select
        clauses.contract_number,
        clauses.clause_kind,
        clauses.supplier_id,
        greatest(periods.period_start, clauses.agreement_from_date) as period_start,
        least(periods.period_end, clauses.agreement_to_date) as period_end
    from clauses
    inner join {{ ref('int_period') }} as periods
        on
            periods.period_kind = 'kalenderaar'
            and clauses.agreement_from_date <= periods.period_end
            and coalesce(clauses.agreement_to_date, periods.period_end) >= periods.period_start

)

select
    'politiske_beslutninger' as source_id,
    'klausul' as target_kind,
    years.contract_number as target_number,
    'Kontrol af kontraktens klausul' as target_name_da,
    '{{ var("own_authority") }}' as authority,
    cast(null as text) as centre_id,
    years.supplier_id,
    years.clause_kind as category_id,
    years.period_start,
    years.period_end,
    'antal' as unit,
    'hoejere_er_bedre' as direction,
    cast(1 as numeric) as target_value,
    cast(count(checks.check_number) as numeric) as actual_value,
    count(checks.check_number) > 0 as is_on_target,
    cast(null as boolean) as is_on_target_as_stated
from years
left join {{ ref('int_clause_check') }} as checks
    on
        years.contract_number = checks.contract_number
        and years.clause_kind = checks.clause_kind
        and checks.check_date between years.period_start and years.period_end
where years.period_end <= {{ as_of_date() }}
group by years.contract_number, years.clause_kind, years.supplier_id, years.period_start, years.period_end
