"""The contracts as dbt reads them: its sources, and the columns that staging takes from each."""

import ast
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from kvalitet.contracts.model import POSTGRES_TYPES, Contract, Table
from kvalitet.contracts.reader import load_contracts
from kvalitet.errors import KvalitetError
from kvalitet.settings import Settings
from kvalitet.settings.administration import EXAMPLE

WRITTEN_BY = "dbt_project/scripts/make_sources.py"
SHAPES = "delivery_shapes.sql"


def dbt_files(settings: Settings) -> dict[Path, str]:
    """Every file that tells dbt of the administration, as it should be, by its path.

    For the example, the shapes are among them: the columns that the models expect of each delivery. They are there,
    empty, where an administration has no contract for it. Raises KvalitetError where a contract cannot be used.
    """
    contracts, own = load_contracts(settings).values(), settings.administration
    if faulty := [contract.id for contract in contracts if contract.problems]:
        raise KvalitetError(
            f"Nothing is written for dbt, because contracts cannot be used: {', '.join(faulty)}.",
            "`kvalitet contract` with the contract's file says what is missing.",
        )
    written = {
        own.models / "staging" / "_sources.yml": sources_yaml(contracts),
        own.macros / "contract_columns.sql": columns_macro(contracts),
        own.macros / "own_areas.sql": areas_macro(file.stem for file in own.models.rglob("*.sql")),
    }
    if own.folder == settings.root / EXAMPLE:
        written[settings.dbt_dir / "macros" / SHAPES] = shapes_macro(contracts)
    return written


def write_dbt_files(settings: Settings) -> list[Path]:
    """Write `dbt_files` and return their paths. Raises KvalitetError where a contract cannot be used."""
    files = dbt_files(settings)
    for path, text in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return list(files)


def delivery_shapes(settings: Settings) -> dict[str, dict[str, str]]:
    """The columns that the models expect, with their types, by the delivered table's name in raw (`source__table`)."""
    text = (settings.dbt_dir / "macros" / SHAPES).read_text(encoding="utf-8")
    return ast.literal_eval(text.partition("return(")[2].rpartition(") }}")[0])


def not_delivered(settings: Settings, contract: Contract) -> list[str]:
    """What the models expect of this kind of delivery and the contract does not name: `table`, or `table.column`."""
    missing: list[str] = []
    for raw_name, expected in delivery_shapes(settings).items():
        source, _, name = raw_name.partition("__")
        if source != contract.id:
            continue
        table = contract.tables.get(name)
        if table is None:
            missing.append(name)
        else:
            missing += [f"{name}.{column}" for column in expected if column not in staged_columns(table)]
    return missing


def sources_yaml(contracts: Iterable[Contract]) -> str:
    """dbt's sources: the raw tables of the contracts."""
    lines = [f"# Written by {WRITTEN_BY} from the contracts.", "version: 2", "", "sources:"]
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


def columns_macro(contracts: Iterable[Contract]) -> str:
    """The macro that gives what staging selects from each raw table, by the table's name."""
    return _by_table("contract_columns", "the contracts", contracts, staged_columns)


def shapes_macro(contracts: Iterable[Contract]) -> str:
    """The macro that gives the columns and types that the models expect of each delivered table."""
    return _by_table("delivery_shapes", "the contracts of the example", contracts, staged_types)


def _by_table(
    macro: str, origin: str, contracts: Iterable[Contract], columns: Callable[[Table], Mapping[str, str]]
) -> str:
    """A macro that returns a dictionary of dictionaries: raw table -> column -> what `columns` says of it."""
    lines = [f"{{# Written by {WRITTEN_BY} from {origin}. #}}", f"{{% macro {macro}() -%}}", "    {{ return({"]
    for contract in contracts:
        for table in contract.tables.values():
            lines.append(f"        '{table.raw_name}': {{")
            lines += [f"            '{name}': '{value}'," for name, value in columns(table).items()]
            lines.append("        },")
    return "\n".join([*lines, "    }) }}", "{%- endmacro %}", ""])


def areas_macro(models: Iterable[str]) -> str:
    """The macro that names the administration's own models that add to a fact, by the fact: `int_<fact>__<area>`."""
    areas: dict[str, list[str]] = {}
    for model in sorted(models):
        fact, _, area = model.removeprefix("int_").partition("__")
        if model.startswith("int_") and area:
            areas.setdefault(fact, []).append(area)
    lines = [f"{{# Written by {WRITTEN_BY} from the models of the administration. #}}"]
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
