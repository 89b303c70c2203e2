"""Write the count columns of the BI tables (models/reports/rpt_counts_by_*) from the register of indicators.

Run it from the checkout: `python dbt_project/scripts/make_bi_tables.py`. A table with an enforced contract must name
its columns: these are the indicators that are counts and add up over periods; by centre those that also add up over
organisations and count citizens' cases.
"""

import csv
import json
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
MACRO = PROJECT / "macros" / "additive_counts.sql"
REPORTS = PROJECT / "models" / "reports"
BEGIN, END = "      # counts, by scripts/make_bi_tables.py\n", "      # end of counts\n"
#: table -> (kind of period, breakdown)
TABLES = {
    "rpt_counts_by_calendar_year": ("kalenderaar", "ingen"),
    "rpt_counts_by_report_year": ("beretningsaar", "ingen"),
    "rpt_counts_by_quarter": ("kvartal", "ingen"),
    "rpt_counts_by_centre_and_calendar_year": ("kalenderaar", "center"),
    "rpt_counts_by_centre_today_and_calendar_year": ("kalenderaar", "center_nu"),
}


def counts(period_kind: str, breakdown_kind: str) -> list[dict[str, str]]:
    """The register's rows that are columns of a table."""
    with (PROJECT / "seeds" / "seed_indicator.csv").open(encoding="utf-8", newline="") as file:
        register = list(csv.DictReader(file))
    return [
        row
        for row in register
        if row["unit"] == "antal"
        and not row["valid_to_year"]
        and row["is_additive_over_periods"] == "true"
        and period_kind in row["period_kinds"].split("; ")
        and (breakdown_kind == "ingen" or _is_by_centre(row))
    ]


def _is_by_centre(row: dict[str, str]) -> bool:
    return row["is_additive_over_organisations"] == "true" and row["family"] not in ("", "overlap")


def macro() -> str:
    """The macro that tells the models their columns."""
    lines = ["{# Written by scripts/make_bi_tables.py from the register of indicators. #}"]
    lines += ["{% macro additive_counts() -%}", "    {{ return({"]
    for period_kind, breakdown_kind in TABLES.values():
        lines.append(f"        '{period_kind} {breakdown_kind}': [")
        lines += [f"            '{row['indicator_id']}'," for row in counts(period_kind, breakdown_kind)]
        lines.append("        ],")
    return "\n".join([*lines, "    }) }}", "{%- endmacro %}", ""])


def with_columns(table: str, yml: str) -> str:
    """The table's yml with its count columns."""
    period_kind, breakdown_kind = TABLES[table]
    data_type = "numeric(38, 10)" if breakdown_kind == "center_nu" else "bigint"
    columns = "".join(
        f"      - name: {row['indicator_id']}\n"
        f"        description: {json.dumps(row['definition_en'], ensure_ascii=False)}\n"
        f"        data_type: {data_type}\n"
        for row in counts(period_kind, breakdown_kind)
    )
    before, _, rest = yml.partition(BEGIN)
    _, _, after = rest.partition(END)
    return before + BEGIN + columns + END + after


def files() -> dict[Path, str]:
    """Every file that is written, or written in part, as it should be."""
    found = {MACRO: macro()}
    for table in TABLES:
        path = REPORTS / f"{table}.yml"
        found[path] = with_columns(table, path.read_text(encoding="utf-8"))
    return found


if __name__ == "__main__":
    for path, text in files().items():
        path.write_text(text, encoding="utf-8")
