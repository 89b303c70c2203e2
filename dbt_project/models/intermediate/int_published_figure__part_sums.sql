with statements as (

    select * from {{ ref('int_published_figure__statements') }}
    where law_name is not null

),

outcome_sums as (

    -- Outcomes beside the published total of their own law and period.
    select
        publication_source_id,
        authority,
        law_name,
        period_kind,
        period_label,
        is_whole_year_row,
        unit,
        'i_alt' as outcome_id,
        'udfald_ulig_i_alt' as flag,
        sum(case when outcome_id = 'i_alt' then value end) as stated_value,
        sum(case when outcome_id <> 'i_alt' then value end) as parts_value
    from statements
    where unit = 'antal'
    group by publication_source_id, authority, law_name, period_kind, period_label, is_whole_year_row, unit
    having count(value) = count(*)

),

child_sums as (

    select
        parents.publication_source_id,
        parents.authority,
        parents.law_name,
        parents.period_kind,
        parents.period_label,
        parents.is_whole_year_row,
        parents.unit,
        parents.outcome_id,
        'boern_ulig_foraelder' as flag,
        min(parents.value) as stated_value,
        sum(children.value) as parts_value
    from statements as parents
    inner join statements as children
        on
            parents.publication_source_id = children.publication_source_id
            and parents.authority = children.authority
            and parents.law_name = children.parent_law_name
            and parents.period_label = children.period_label
            and parents.is_whole_year_row = children.is_whole_year_row
            and parents.outcome_id = children.outcome_id
            and parents.unit = children.unit
    group by
        parents.publication_source_id, parents.authority, parents.law_name, parents.period_kind,
        parents.period_label, parents.is_whole_year_row, parents.unit, parents.outcome_id
    having count(children.value) = count(*)

),

unioned as (

    select * from outcome_sums
    union all
    select * from child_sums
    union all
    select * from {{ ref('int_published_figure__year_sums') }}

)

select * from unioned
where stated_value is not null and parts_value is not null
