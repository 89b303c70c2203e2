"""A night with every source at the sample's default size, against the same models' SQL through psql."""

import json
from collections.abc import Callable, Iterator
from graphlib import TopologicalSorter
from pathlib import Path

from benchmarks.measured import Run
from benchmarks.night import step_seconds
from benchmarks.place import Place, place
from benchmarks.results import Figures

COMPLAINTS = 6000
AIM_SECONDS = 120.0
#: Copies each line into one text column: neither byte occurs in a delivery, and every byte is a character of latin1.
AS_LINES = r"(format csv, delimiter E'\x01', quote E'\x02', encoding 'latin1')"


def measure(figures: Figures, say: Callable[[str], None], repeat: int) -> None:
    """Measure the first night and the next, `repeat` times, each in its own installation, then the floor of each."""
    for _ in range(repeat):
        with place(COMPLAINTS) as made:
            for night, name in ((1, "the first"), (2, "the next")):
                group = f"Every source, default sample, {name} night"
                say(f"{group}: kvalitet night")
                made.deliver(night)
                made.settle()
                whole = made.kvalitet("night")
                made.settle()
                say(f"{group}: floor")
                floor = sql_floor(made, night)
                figures.add(group, "floor: files copied, the models' SQL by psql", floor.seconds)
                figures.add(group, "kvalitet night", whole.seconds, "s", AIM_SECONDS)
                figures.add(group, "ratio to the floor", whole.seconds / floor.seconds, "×")
                figures.add(group, "peak memory of the night's process", whole.peak_mb, "MB")
                for step, seconds in step_seconds(whole).items():
                    figures.add(f"{group}, step by step", step, seconds)


def sql_floor(made: Place, night: int) -> Run:
    """Copy the night's text files as lines, then run what dbt compiled for the night, one statement after the other."""
    script = made.folder / f"sample-floor-{night}.sql"
    lines = [*_copies(made.delivery(night)), *_models(made.var / "dbt" / "target")]
    script.write_text("\n".join(lines), encoding="utf-8")
    return made.psql("--dbname", made.settings.database, "--file", script, cwd=made.folder)


def _copies(delivery: Path) -> Iterator[str]:
    yield "drop schema if exists floor_raw, floor, floor_work cascade;"
    yield "create schema floor_raw; create schema floor; create schema floor_work;"
    for number, file in enumerate(sorted(delivery.rglob("*.csv"))):
        yield f"create unlogged table floor_raw.file_{number} (line text);"
        yield f"\\copy floor_raw.file_{number} from '{file}' {AS_LINES}"


def _models(target: Path) -> Iterator[str]:
    """Statements that make every seed and model again in their own schemas, in an order that works."""
    nodes = json.loads((target / "manifest.json").read_text(encoding="utf-8"))["nodes"]
    ordered = TopologicalSorter({name: node["depends_on"].get("nodes", []) for name, node in nodes.items()})
    for name in ordered.static_order():
        node = nodes.get(name, {"resource_type": "source"})
        if node["resource_type"] not in ("seed", "model"):
            continue
        made, schema = node["alias"], _floor(node["schema"])
        if node["resource_type"] == "seed":
            yield f"create table {schema}.{made} as table {node['schema']}.{made};"
            continue
        compiled = target / "compiled" / "kvalitet" / node["original_file_path"]
        kind = "view" if node["config"]["materialized"] == "view" else "table"
        query = compiled.read_text(encoding="utf-8").replace('"candidate_work"', '"floor_work"')
        yield f"create {kind} {schema}.{made} as\n" + query.replace('"candidate"', '"floor"') + ";"
        if kind == "table":
            yield f"analyze {schema}.{made};"


def _floor(schema: str) -> str:
    return schema.replace("candidate", "floor")
