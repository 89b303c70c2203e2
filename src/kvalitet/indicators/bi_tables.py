"""The count columns of the BI tables (rpt_counts_by_* of an administration), which follow the declared indicators.

A table with an enforced contract must name its columns. These are the counts that can have a figure there: of the own
authority, by the table's kind of period, added up over periods. By centre they are those that a rule breaks down by
centre and that add up over organisations.
"""

import json
from collections.abc import Mapping

from kvalitet.indicators.declaration import Indicator
from kvalitet.indicators.reading import in_order

#: table -> (kind of period, breakdown)
TABLES = {
    "rpt_counts_by_calendar_year": ("kalenderaar", "ingen"),
    "rpt_counts_by_report_year": ("beretningsaar", "ingen"),
    "rpt_counts_by_quarter": ("kvartal", "ingen"),
    "rpt_counts_by_centre_and_calendar_year": ("kalenderaar", "center"),
    "rpt_counts_by_centre_today_and_calendar_year": ("kalenderaar", "center_nu"),
}

Declared = Mapping[str, tuple[Indicator, ...]]


def counts(declared: Declared, period_kind: str, breakdown_kind: str) -> list[Indicator]:
    """The indicators that are columns of a table."""
    return [
        indicator
        for _, indicator in in_order(declared)
        if indicator.unit == "antal"
        and indicator.measured_of != "others"
        and "periods" in indicator.adds_up_over
        and period_kind in indicator.period_kinds
        and (breakdown_kind == "ingen" or _is_by_centre(indicator))
    ]


def _is_by_centre(indicator: Indicator) -> bool:
    # Today's centres are made of the centres of the time.
    return "organisations" in indicator.adds_up_over and indicator.has_breakdown("center")


def counts_macro(declared: Declared, written_by: str) -> str:
    """The macro that tells the models their columns."""
    lines = [f"{{# Written by {written_by} from the declared indicators. #}}"]
    lines += ["{% macro additive_counts() -%}", "    {{ return({"]
    for period_kind, breakdown_kind in TABLES.values():
        lines.append(f"        '{period_kind} {breakdown_kind}': [")
        lines += [f"            '{indicator.id}'," for indicator in counts(declared, period_kind, breakdown_kind)]
        lines.append("        ],")
    return "\n".join([*lines, "    }) }}", "{%- endmacro %}", ""])


def with_columns(declared: Declared, table: str, yml: str, written_by: str) -> str:
    """The table's yml with its count columns, between the two comments that mark them."""
    begin, end = f"      # counts, by {written_by}\n", "      # end of counts\n"
    period_kind, breakdown_kind = TABLES[table]
    data_type = "numeric(38, 10)" if breakdown_kind == "center_nu" else "bigint"
    columns = "".join(
        f"      - name: {indicator.id}\n"
        f"        description: {json.dumps(indicator.versions[-1].definition_en, ensure_ascii=False)}\n"
        f"        data_type: {data_type}\n"
        for indicator in counts(declared, period_kind, breakdown_kind)
    )
    before, _, rest = yml.partition(begin)
    _, _, after = rest.partition(end)
    return before + begin + columns + end + after
