with source as (

    select * from {{ delivered('result_status', 'vision_goals') }}

),

renamed as (

    select
        authority,
        goal_number,
        goal_name,
        make_date(cast(goal_year as integer), cast(goal_quarter as integer) * 3 - 2, 1) as quarter_start,
        target_value,
        actual_value,
        unit,
        case direction when 'højere er bedre' then 'hoejere_er_bedre' else 'lavere_er_bedre' end as direction,
        status
    from source

)

select * from renamed
