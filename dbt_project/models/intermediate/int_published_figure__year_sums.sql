with statements as (

    select * from {{ ref('int_published_figure__statements') }}

)

select
    whole.publication_source_id,
    whole.authority,
    whole.law_name,
    whole.period_kind,
    whole.period_label,
    whole.is_whole_year_row,
    whole.unit,
    whole.outcome_id,
    'kvartaler_ulig_aar' as flag,
    min(whole.value) as stated_value,
    sum(quarters.value) as parts_value
from statements as whole
inner join statements as quarters
    on
        whole.publication_source_id = quarters.publication_source_id
        and whole.authority = quarters.authority
        and whole.law_name = quarters.law_name
        and whole.outcome_id = quarters.outcome_id
        and whole.period_label = substr(quarters.period_label, 1, 4)
        and quarters.period_kind = 'kvartal'
where whole.is_whole_year_row and whole.value is not null
group by
    whole.publication_source_id, whole.authority, whole.law_name, whole.period_kind, whole.period_label,
    whole.is_whole_year_row, whole.unit, whole.outcome_id
having count(quarters.value) = 4
