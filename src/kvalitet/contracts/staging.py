"""The contracts as dbt reads them: its sources, and the columns that staging takes from each."""

from collections.abc import Iterable

from kvalitet.contracts.model import POSTGRES_TYPES, Contract, Table


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
            lines.append(f"        '{table.raw_name}': {{")
            lines += [f"            '{name}': '{value}'," for name, value in staged_columns(table).items()]
            lines.append("        },")
    return "\n".join([*lines, "    }) }}", "{%- endmacro %}", ""])


def shapes_macro(contracts: Iterable[Contract], written_by: str) -> str:
    """The macro that gives the columns and types that the models expect of each delivered table."""
    lines = [f"{{# Written by {written_by} from the contracts of the example. #}}"]
    lines += ["{% macro delivery_shapes() -%}", "    {{ return({"]
    for contract in contracts:
        for table in contract.tables.values():
            lines.append(f"        '{table.raw_name}': {{")
            lines += [f"            '{name}': '{kind}'," for name, kind in staged_types(table).items()]
            lines.append("        },")
    return "\n".join([*lines, "    }) }}", "{%- endmacro %}", ""])


def areas_macro(models: Iterable[str], written_by: str) -> str:
    """The macro that names the administration's own models that add to a fact, by the fact: `int_<fact>__<area>`."""
    areas: dict[str, list[str]] = {}
    for model in sorted(models):
        fact, _, area = model.removeprefix("int_").partition("__")
        if model.startswith("int_") and area:
            areas.setdefault(fact, []).append(area)
    lines = [f"{{# Written by {written_by} from the models of the administration. #}}"]
    lines += ["{% macro own_areas() -%}", "    {{ return({"]
    lines += [f"        '{fact}': {names!r}," for fact, names in areas.items()]
    return "\n".join([*lines, "    }) }}", "{%- endmacro %}", ""])


def staged_columns(table: Table) -> dict[str, str]:
    """The table's columns as SQL selects them, by their names in the star."""
    narrow = {column.name for column in table.columns if column.is_narrow}
    return {
        star_name: f"cast({name} as integer)" if name in narrow else name
        for name, star_name in table.star_names().items()
    }


def staged_types(table: Table) -> dict[str, str]:
    """The Postgres types of the table's columns, by their names in the star."""
    narrow, kinds = {column.name for column in table.columns if column.is_narrow}, table.raw_columns()
    return {
        star_name: "integer" if name in narrow else POSTGRES_TYPES[kinds[name]]
        for name, star_name in table.star_names().items()
    }
