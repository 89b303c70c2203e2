with rounding as (

    select * from {{ ref('int_published_figure__rounding') }}

),

reversed as (

    select * from {{ ref('fct_published_figure') }}
    where outcome = 'omgjort' and unit = 'pct' and not is_whole_year_row

)

select
    'dele_mod_helhed' as reconciliation_kind,
    parts.subject_id,
    parts.subject_da,
    'ankestyrelsen' as source_id,
    rounding.authority,
    'kalenderaar' as period_kind,
    rounding.period_label,
    'omgjort' as measure,
    rounding.law_name as member,
    rounding.publication_source_id as left_publication_source_id,
    parts.left_said_by,
    parts.stated_value as left_value,
    rounding.publication_source_id as right_publication_source_id,
    'Summen af de afrundede andele i samme udgivelse' as right_said_by,
    parts.stated_value + parts.difference as right_value,
    rounding.tolerance_pct as tolerance
from rounding
left join reversed
    on
        rounding.publication_source_id = reversed.publication_source_id
        and rounding.authority = reversed.authority
        and rounding.law_name = reversed.law_name
        and rounding.period_label = reversed.period_label
cross join
    lateral (
        values
        ('andele_og_hundrede', 'Andelene mod 100 %', 'Det hele', 100, rounding.difference_from_100_pct),
        (
            'andele_og_omgjort', 'Ændret og hjemvist mod omgjort',
            null, reversed.value, rounding.difference_from_reversed_pct
        )
    ) as parts (subject_id, subject_da, left_said_by, stated_value, difference)
where parts.stated_value + parts.difference is not null
