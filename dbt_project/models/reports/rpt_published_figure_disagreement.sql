with figures as (

    select * from {{ ref('fct_published_figure') }}

),

compared as (

    select
        figures.*,
        max(case when is_chosen then value end) over figure as chosen_value,
        min(value) over figure as lowest_value,
        max(value) over figure as highest_value,
        count(value) over figure as statements
    from figures
    window figure as (
        partition by source_id, authority, law_id, period_kind, period_label, outcome, category, unit
    )

)

select
    compared.published_figure_key,
    compared.source_id,
    compared.publication_source_id,
    publications.publisher,
    publications.title,
    publications.source_url,
    publications.published_date,
    compared.authority,
    compared.law_id,
    compared.law_name,
    compared.period_kind,
    compared.period_label,
    compared.outcome,
    compared.unit,
    compared.value,
    compared.chosen_value,
    compared.value - compared.chosen_value as difference_from_chosen,
    compared.flags,
    compared.is_chosen,
    compared.lowest_value <> compared.highest_value as is_disagreed_on,
    compared.is_consistent,
    compared.is_fictional
from compared
inner join {{ ref('dim_publication_source') }} as publications
    on compared.publication_source_id = publications.publication_source_id
where (compared.statements > 1 and compared.lowest_value <> compared.highest_value) or not compared.is_consistent
