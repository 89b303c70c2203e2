"""Write what dbt reads of the declared indicators: two seeds, two macros and the BI tables' count columns.

Run it from the checkout after a declaration changes: `.venv/bin/python dbt_project/scripts/make_indicators.py`.
"""

import sys
from pathlib import Path

from kvalitet.indicators import IndicatorInvalid, bi_tables, load_indicators, written
from kvalitet.settings import Settings

PROJECT = Path(__file__).resolve().parents[1]
WRITTEN_BY = "scripts/make_indicators.py"


def files() -> dict[Path, str]:
    """Every file that is written, or written in part, as it should be. Raises SystemExit where one cannot be used."""
    settings = Settings.from_environment(PROJECT.parent)
    try:
        declared = load_indicators(settings)
    except IndicatorInvalid as error:
        sys.exit(f"Nothing is written. {error}")
    own = settings.administration
    found = {
        own.register / "seed_indicator.csv": written.register_csv(declared),
        own.register / "seed_indicator_table.csv": written.tables_csv(declared),
        own.macros / "indicator_rules.sql": written.rules_macro(declared, WRITTEN_BY),
        own.macros / "additive_counts.sql": bi_tables.counts_macro(declared, WRITTEN_BY),
    }
    for table in bi_tables.TABLES:
        path = own.models / "reports" / f"{table}.yml"
        found[path] = bi_tables.with_columns(declared, table, path.read_text(encoding="utf-8"), WRITTEN_BY)
    return found


if __name__ == "__main__":
    for path, text in files().items():
        path.write_text(text, encoding="utf-8")
