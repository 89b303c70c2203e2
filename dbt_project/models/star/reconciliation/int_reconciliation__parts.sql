with sums as (

    select * from {{ ref('int_published_figure__part_sums') }}

),

named as (

    select
        sums.*,
        subjects.subject_id,
        subjects.subject_da
    from sums
    inner join (
        values
        ('udfald_ulig_i_alt', 'udfald_og_i_alt', 'Udfaldene mod det samlede antal'),
        ('boern_ulig_foraelder', 'boern_og_foraelder', 'Underordnede love mod den overordnede'),
        ('kvartaler_ulig_aar', 'kvartaler_og_aar', 'Fire kvartaler mod udgivelsens eget år ("5. kvartal")')
    ) as subjects (flag, subject_id, subject_da) on sums.flag = subjects.flag

)

select
    'dele_mod_helhed' as reconciliation_kind,
    subject_id,
    subject_da,
    'ankestyrelsen' as source_id,
    authority,
    period_kind,
    period_label,
    outcome_id as measure,
    law_name as member,
    publication_source_id as left_publication_source_id,
    cast(null as text) as left_said_by,
    stated_value as left_value,
    publication_source_id as right_publication_source_id,
    'Summen af delene i samme udgivelse' as right_said_by,
    parts_value as right_value,
    0 as tolerance
from named
