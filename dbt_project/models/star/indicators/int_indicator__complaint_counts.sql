with complaints as (

    select * from {{ ref('fct_complaint') }}

),

received as (

    select
        'received' as event,
        cast(date_trunc('quarter', received_date) as date) as quarter_start,
        centre_id,
        law_id,
        theme_id,
        count(*) as complaints,
        count(case when complaint_type_id = 'formalitet' then 1 end) as formality_complaints,
        count(case when complaint_type_id = 'realitet' then 1 end) as reality_complaints,
        sum(complaint_points) as complaint_points,
        count(is_answered_within_deadline) as complaints_with_known_deadline,
        count(case when is_answered_within_deadline then 1 end) as complaints_in_time,
        count(is_repeat) as complaints_by_known_person,
        count(case when is_repeat then 1 end) as repeat_complaints,
        cast(0 as bigint) as merits_complaints,
        cast(0 as bigint) as upheld_complaints
    from complaints
    group by cast(date_trunc('quarter', received_date) as date), centre_id, law_id, theme_id

),

decided as (

    select
        'decided' as event,
        cast(date_trunc('quarter', complaints.decided_date) as date) as quarter_start,
        complaints.centre_id,
        complaints.law_id,
        complaints.theme_id,
        count(*) as complaints,
        cast(0 as bigint) as formality_complaints,
        cast(0 as bigint) as reality_complaints,
        cast(0 as bigint) as complaint_points,
        cast(0 as bigint) as complaints_with_known_deadline,
        cast(0 as bigint) as complaints_in_time,
        cast(0 as bigint) as complaints_by_known_person,
        cast(0 as bigint) as repeat_complaints,
        count(case when outcomes.is_decided_on_merits then 1 end) as merits_complaints,
        count(case when outcomes.is_upheld then 1 end) as upheld_complaints
    from complaints
    left join {{ ref('dim_outcome') }} as outcomes on complaints.outcome_id = outcomes.outcome_id
    where complaints.decided_date is not null
    group by
        cast(date_trunc('quarter', complaints.decided_date) as date),
        complaints.centre_id, complaints.law_id, complaints.theme_id

)

select * from received
union all
select * from decided
