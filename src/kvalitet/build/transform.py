"""Runs dbt: one `dbt build` per layer. Its per-model results are kept in audit.model_run."""

import json
import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, cast

from kvalitet.build.builds import Build, application_name, finish, get_build, heartbeat
from kvalitet.contracts import load_contracts
from kvalitet.contracts.staging import not_delivered
from kvalitet.errors import KvalitetError
from kvalitet.settings import TRANSFORMER, Settings
from kvalitet.settings.address import TLS_PARAMETERS
from kvalitet.warehouse.connection import connect

if TYPE_CHECKING:
    from dbt.contracts.graph.manifest import Manifest

LAYERS = ("staging", "intermediate", "star", "reports")
#: Postgres repeats values in its messages, and they may be personal.
VALUE_IN_MESSAGE = re.compile(r'(: )"[^"]*"|DETAIL:.*|Key \(.*|CONTEXT:.*')

#: The project as read for the newest build of this process, and the layers that were built with it.
_PARSED: dict[tuple[str, str, int], tuple["Manifest", set[str]]] = {}


@dataclass(frozen=True)
class ModelResult:
    """One model of a layer: how it ended, rows (null for views) and seconds."""

    model: str
    status: str
    rows: int | None
    seconds: float
    message: str | None


@dataclass(frozen=True)
class LayerResult:
    """One layer of a build."""

    layer: str
    models: tuple[ModelResult, ...]
    seconds: float

    @property
    def rows(self) -> int:
        return sum(model.rows or 0 for model in self.models)


def build_layer(settings: Settings, build_id: int, layer: str, restated: dict | None = None) -> LayerResult:
    """Build one layer, of LAYERS, into the build's schemas. It is safe to run again.

    `restated` is the variable of that name (dbt_project/README.md): rows of one publication with some values of
    another. Raises ClaimLost where the build is not live, KvalitetError where a model failed.
    """
    build = get_build(settings, build_id)
    if build.is_sealed:
        raise KvalitetError(f"Build {build_id} is finished and sealed: nothing can be built into it.", "Build anew.")
    started = time.monotonic()
    with heartbeat(settings, build_id, TRANSFORMER):
        models = _run_dbt(settings, build, layer, restated)
        result = LayerResult(layer, tuple(models), time.monotonic() - started)
        _record(settings, build_id, result)
    failed = [model for model in models if model.status not in ("success", "skipped")]
    if failed:
        raise KvalitetError(
            f"Layer {layer} of build {build_id}: {len(failed)} of {len(models)} models failed: "
            + "; ".join(f"{model.model}: {model.message}" for model in failed),
            f"See audit.model_run for build {build_id}. The compiled SQL is in var/dbt/target/run."
            + _what_contracts_lack(settings),
        )
    if layer == LAYERS[-1]:
        finish(settings, build_id, TRANSFORMER, "built")
    return result


def _what_contracts_lack(settings: Settings) -> str:
    """A sentence on what the models expect of the deliveries and no contract names: it may be why a model failed."""
    found = {name: not_delivered(settings, contract) for name, contract in load_contracts(settings).items()}
    lacking = [f"{name}: {', '.join(columns)}" for name, columns in found.items() if columns]
    if not lacking:
        return ""
    return (
        f" The models expect what these contracts do not name, and read it as null: {'. '.join(lacking)}."
        " Where a model needs a value, agree on the column, or build the row in a model of your own."
    )


def dbt_target(settings: Settings) -> Path:
    """The folder of dbt's manifest and compiled SQL."""
    return settings.var / "dbt" / "target"


def dbt_variables(settings: Settings, build: Build) -> dict:
    """The variables of a build, so that models read neither the clock nor anything that may change during the build."""
    return settings.administration.stated.policy | {
        "build_id": build.build_id,
        "as_of_date": build.as_of_date.isoformat(),
        "loads": build.loads,
        "stale": sorted(build.stale),
        "acceptances": build.acceptances,
    }


@contextmanager
def dbt_environment(settings: Settings, target_schema: str, name: str) -> Iterator[None]:
    """Set the environment that dbt_project/profiles.yml reads, and restore it afterwards."""
    host, port = settings.host_and_port
    tls = settings.tls.parameters
    ours = {
        # Relative, because dbt writes what it compiles to the same path below its target folder.
        "KVALITET_DBT_ADMINISTRATION": os.path.relpath(settings.administration.folder, settings.dbt_dir),
        "KVALITET_DBT_HOST": host,
        "KVALITET_DBT_PORT": str(port),
        "KVALITET_DBT_DATABASE": settings.database,
        "KVALITET_DBT_USER": TRANSFORMER,
        "KVALITET_DBT_PASSWORD": settings.password(TRANSFORMER),
        "KVALITET_DBT_SCHEMA": target_schema,
        **{f"KVALITET_DBT_{name.upper()}": tls.get(name, "") for name in TLS_PARAMETERS},
        "PGAPPNAME": name,
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
        "DO_NOT_TRACK": "1",
    }
    before = {key: os.environ.get(key) for key in ours}
    os.environ.update(ours)
    try:
        yield
    finally:
        for key, value in before.items():
            if value is None:
                os.environ.pop(key, None)
            else:
                os.environ[key] = value


def _run_dbt(settings: Settings, build: Build, layer: str, restated: dict | None) -> list[ModelResult]:
    from dbt.cli.main import dbtRunner

    common = [
        "--project-dir", str(settings.dbt_dir),
        "--profiles-dir", str(settings.dbt_dir),
        "--target-path", str(dbt_target(settings)),
        "--log-path", str(settings.var / "log" / "dbt"),
        "--quiet",
        "--no-version-check",
    ]  # fmt: skip
    selection = [f"kvalitet.{layer}"] + (["resource_type:seed"] if layer == LAYERS[0] else [])
    arguments = [
        "build",
        *common,
        "--vars", json.dumps(dbt_variables(settings, build) | ({"restated": restated} if restated else {})),
        "--select", *selection,
        "--exclude-resource-type", "unit_test",
        "--exclude-resource-type", "test",
    ]  # fmt: skip
    with dbt_environment(settings, build.target_schema, application_name(build.build_id)):
        outcome = dbtRunner(manifest=_parsed(settings, build, layer, common)).invoke(arguments)
    if outcome.exception:
        raise _unusable(f"dbt could not run layer {layer}", outcome.exception)
    return [
        ModelResult(
            model=result.node.name,
            status=str(result.status),
            rows=_rows_affected(result.adapter_response),
            seconds=round(result.execution_time, 3),
            message=_without_values(result.message) if str(result.status) == "error" else None,
        )
        for result in outcome.result or ()  # type: ignore[union-attr]
    ]


def _parsed(settings: Settings, build: Build, layer: str, common: list[str]) -> "Manifest":
    """The project as dbt reads it: once per build in a process, so that all layers see the same files.

    It is read without the build's variables, because they differ every time and would make dbt read every file anew. It
    is read again for a layer that is built once more, because dbt writes what it compiles, including foreign keys, into
    what it has read.
    """
    from dbt.cli.main import dbtRunner

    key = settings.server, settings.database, build.build_id
    if key not in _PARSED or layer in _PARSED[key][1]:
        outcome = dbtRunner().invoke(["parse", *common])
        if outcome.exception:
            raise _unusable("dbt could not read the project", outcome.exception)
        _PARSED.clear()
        _PARSED[key] = cast("Manifest", outcome.result), set()
    manifest, built = _PARSED[key]
    built.add(layer)
    return manifest


def _unusable(what: str, error: BaseException) -> KvalitetError:
    return KvalitetError(f"{what}: {_without_values(str(error))}", "`dbt parse` in dbt_project shows the place.")


def _rows_affected(response: dict) -> int | None:
    rows = response.get("rows_affected")
    return rows if isinstance(rows, int) and rows >= 0 else None


def _without_values(message: str | None) -> str:
    lines = [VALUE_IN_MESSAGE.sub(r"\1(value)", line).strip() for line in (message or "").splitlines()]
    return " ".join(line for line in lines if line)[:500]


def _record(settings: Settings, build_id: int, result: LayerResult) -> None:
    with connect(settings, TRANSFORMER) as connection:
        connection.execute("delete from audit.model_run where build_id = %s and layer = %s", [build_id, result.layer])
        with connection.cursor() as cursor:
            cursor.executemany(
                "insert into audit.model_run (build_id, layer, model, status, row_count, seconds, message)"
                " values (%s, %s, %s, %s, %s, %s, %s)",
                [(build_id, result.layer, m.model, m.status, m.rows, m.seconds, m.message) for m in result.models],
            )
