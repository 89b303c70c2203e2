with renamed as (

    {{ staged('ankestyrelsen_statistics', 'quarter_outcomes') }}

)

select
    *,
    cast(case when quarter <= 4 then quarter end as integer) as calendar_quarter,
    case outcome
        when 'I alt' then 'i_alt'
        when 'Stadfæstelse' then 'stadfaestelse'
        when 'Ændring' then 'aendring'
        when 'Hjemvisning' then 'hjemvisning'
        when 'Afvisning' then 'afvisning'
    end as outcome_id,
    quarter = 5 as is_whole_year
from renamed
