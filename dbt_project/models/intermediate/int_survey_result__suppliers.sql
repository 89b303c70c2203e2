with invitations as (

    select * from {{ ref('stg_supplier_surveys__invitations') }}

),

answers as (

    select * from {{ ref('stg_supplier_surveys__answers') }}

),

counted as (

    -- Taking part is a question like the others: of those asked, how many answered.
    select
        survey_round_id,
        supplier_id,
        'deltagelse' as question_id,
        count(distinct respondent_id) as respondents,
        cast(null as bigint) as satisfied
    from answers
    group by survey_round_id, supplier_id
    union all
    -- 4 and 5 are satisfied; who did not know is in neither number.
    select
        survey_round_id,
        supplier_id,
        question_id,
        count(*) as respondents,
        sum(case when score >= 4 then 1 else 0 end) as satisfied
    from answers
    where score is not null
    group by survey_round_id, supplier_id, question_id

)

select
    'leverandoertilsyn' as source_id,
    invitations.survey_round_id,
    'defgo_1' as survey_method_id,
    '{{ var("own_authority") }}' as authority,
    coalesce(counted.question_id, 'deltagelse') as question_id,
    cast(null as text) as theme_id,
    invitations.supplier_id,
    cast(null as text) as centre_id,
    invitations.sent_date as answered_date,
    case when coalesce(counted.question_id, 'deltagelse') = 'deltagelse' then invitations.invited end as invited,
    coalesce(counted.respondents, 0) as respondents,
    counted.satisfied,
    cast(null as numeric) as satisfied_pct,
    false as is_published_elsewhere
from invitations
left join counted
    on invitations.survey_round_id = counted.survey_round_id and invitations.supplier_id = counted.supplier_id
