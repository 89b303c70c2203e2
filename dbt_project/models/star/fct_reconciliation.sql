with pairs as (

    select * from {{ ref('int_reconciliation__publications') }}
    union all
    select * from {{ ref('int_reconciliation__parts') }}
    union all
    select * from {{ ref('int_reconciliation__rounding') }}
    union all
    select * from {{ ref('int_reconciliation__rules') }}
    union all
    select * from {{ ref('int_reconciliation__indicators') }}
    union all
    select * from {{ ref('int_reconciliation__populations') }}
    union all
    select * from {{ ref('int_reconciliation__audit') }}

),

keyed as (

    select
        {{ key([
            'subject_id', 'source_id', 'authority', 'period_kind', 'period_label', 'measure', 'member',
            'left_publication_source_id', 'right_publication_source_id'
        ]) }} as reconciliation_key,
        *,
        {{ published_number('left_value') }} - {{ published_number('right_value') }} as difference
    from pairs

),

explained as (

    -- An explanation may be for one figure or for all of its kind; what is left open fits everything.
    -- One with an amount explains no other difference.
    select
        keyed.*,
        explanations.explained_by,
        explanations.explained_date,
        explanations.explanation_da,
        row_number() over (
            partition by keyed.reconciliation_key
            order by
                explanations.authority asc nulls last,
                explanations.period_label asc nulls last,
                explanations.measure asc nulls last
        ) as preference
    from keyed
    left join {{ ref('seed_reconciliation_explanation') }} as explanations
        on
            keyed.subject_id = explanations.subject_id
            and keyed.authority = coalesce(explanations.authority, keyed.authority)
            and keyed.period_label = coalesce(explanations.period_label, keyed.period_label)
            and keyed.measure = coalesce(explanations.measure, keyed.measure)
            and keyed.difference = coalesce(explanations.explained_difference, keyed.difference)

)

select
    reconciliation_key,
    reconciliation_kind,
    subject_id,
    subject_da,
    source_id,
    authority,
    period_kind,
    period_label,
    measure,
    member,
    left_publication_source_id,
    left_said_by,
    {{ published_number('left_value') }} as left_value,
    right_publication_source_id,
    right_said_by,
    {{ published_number('right_value') }} as right_value,
    difference,
    {{ published_number('tolerance') }} as tolerance,
    case
        when difference = 0 then 'stemmer'
        when abs(difference) <= tolerance then 'inden_for_afrunding'
        when explanation_da is not null then 'forklaret'
        else 'afviger'
    end as verdict,
    explained_by,
    explained_date,
    explanation_da
from explained
where preference = 1
