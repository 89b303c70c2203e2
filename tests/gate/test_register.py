"""When a definition counts as changed without a new version: by what it says, not by which fields the register has."""

import psycopg
import yaml
from psycopg import sql

from kvalitet.settings import Settings

CHECK = "dim_indicator_definition_changes_with_version"
REGISTER = """
    create temporary table {} as
    select
        indicator_id, 1 as version, 'Antal klager.' as definition_da, 'Klager' as numerator_da,
        null::text as denominator_da, 'antal' as unit, 'received' as dated_by, 'Alle klager' as population_da
    from (values ('klager_modtaget'), ('klager_formalitet')) as register (indicator_id)
"""


def test_new_register_field_is_no_change(settings: Settings, admin_url: str):
    suite = yaml.safe_load((settings.root / "expectations/suites/dim_indicator.yaml").read_text(encoding="utf-8"))
    (rule,) = (check["count_violations"] for check in suite["checks"] if check["id"] == CHECK)
    with psycopg.connect(admin_url) as connection:
        for table in ("dim_indicator", "published"):
            connection.execute(sql.SQL(REGISTER).format(sql.Identifier(table)))
        compared = rule.replace("reporting.dim_indicator", "published").encode()
        connection.execute("alter table dim_indicator add column measured_of text default 'others'")
        assert connection.execute(compared).fetchone() == (0, 2)
        connection.execute("update dim_indicator set unit = 'pct' where indicator_id = 'klager_formalitet'")
        assert connection.execute(compared).fetchone() == (1, 2)
