with named as (

    select
        category_id,
        name_da
    from {{ ref('seed_category') }}
    union all
    -- Goals and plans bring their names with them.
    select
        category_id,
        max(target_name_da) as name_da
    from {{ ref('fct_target_result') }}
    where target_kind in ('visionsmaal', 'handleplan') and category_id is not null
    group by category_id
    union all
    select
        source_id as category_id,
        name_da
    from {{ ref('dim_source') }}
    union all
    select distinct
        benefit_group as category_id,
        benefit_group as name_da
    from {{ ref('fct_labour_market_figure') }}

)

select
    category_id,
    name_da
from named
