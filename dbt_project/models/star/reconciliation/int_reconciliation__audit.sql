with stated as (

    select * from {{ ref('fct_published_figure') }}
    where source_id = 'revision' and outcome = 'bemaerkninger' and value is not null

),

counted as (

    select
        authority,
        cast(audit_year as text) as period_label,
        count(*) as remarks
    from {{ ref('fct_audit_remark') }}
    group by authority, audit_year

)

select
    'offentliggjort_mod_beregnet' as reconciliation_kind,
    'bemaerkninger_talt_op' as subject_id,
    'Beretningens samlede antal mod de enkelte bemærkninger' as subject_da,
    stated.source_id,
    stated.authority,
    stated.period_kind,
    stated.period_label,
    stated.outcome as measure,
    stated.category as member,
    stated.publication_source_id as left_publication_source_id,
    cast(null as text) as left_said_by,
    stated.value as left_value,
    cast(null as text) as right_publication_source_id,
    'Bemærkninger leveret enkeltvis' as right_said_by,
    cast(counted.remarks as numeric) as right_value,
    0 as tolerance
from stated
inner join counted on stated.authority = counted.authority and stated.period_label = counted.period_label
