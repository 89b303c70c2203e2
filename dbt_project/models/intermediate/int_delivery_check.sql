select
    checks.check_number,
    checks.supplier_id,
    checks.centre_id,
    organisation.organisation_key,
    checks.check_date,
    checks.hours_agreed,
    checks.hours_delivered,
    checks.hours_invoiced,
    checks.is_documented
from {{ ref('stg_supplier_supervision__delivery_checks') }} as checks
left join {{ ref('int_organisation__versions') }} as organisation
    on
        checks.centre_id = organisation.unit_id
        and checks.check_date between organisation.covers_from_date and organisation.covers_to_date
