with source as (

    select * from {{ delivered('management_supervision', 'review_answers') }}

),

renamed as (

    select
        review_number,
        control_question_id,
        answer
    from source

)

select * from renamed
