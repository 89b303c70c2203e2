"""The contracts as dbt reads them: its sources, and the columns that staging takes from each."""

from collections.abc import Iterable

from kvalitet.contracts.model import Contract, Table


def sources_yaml(contracts: Iterable[Contract], written_by: str) -> str:
    """dbt's sources: the raw tables of the contracts."""
    lines = [f"# Written by {written_by} from the contracts.", "version: 2", "", "sources:"]
    for contract in contracts:
        lines += [
            f"  - name: {contract.id}",
            "    description: Accepted rows of the source's deliveries, with their history. See its contract.",
            "    schema: raw",
            "    tables:",
        ]
        for table in contract.tables.values():
            lines.append(f"      - {{name: {table.name}, identifier: {table.raw_name}}}")
    return "\n".join([*lines, ""])


def columns_macro(contracts: Iterable[Contract], written_by: str) -> str:
    """The macro that gives what staging selects from each raw table, by the table's name."""
    lines = [f"{{# Written by {written_by} from the contracts. #}}"]
    lines += ["{% macro contract_columns() -%}", "    {{ return({"]
    for contract in contracts:
        for table in contract.tables.values():
            lines.append(f"        '{table.raw_name}': [")
            lines += [f"            '{item}'," for item in staged_columns(table)]
            lines.append("        ],")
    return "\n".join([*lines, "    }) }}", "{%- endmacro %}", ""])


def staged_columns(table: Table) -> list[str]:
    """The table's columns as SQL selects them, with their names and types in the star."""
    narrow = {column.name for column in table.columns if column.is_narrow}
    items = []
    for name, star_name in table.star_names().items():
        value = f"cast({name} as integer)" if name in narrow else name
        items.append(value if value == star_name else f"{value} as {star_name}")
    return items
