"""Fixtures of the intake: an inbox to deliver to, and readers of what was taken in."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from deliveries import deliver_complaints
from warehouses import NewWarehouse

from kvalitet.intake import extract
from kvalitet.settings import AUDITOR, LOADER, Settings
from kvalitet.warehouse.connection import connect


@pytest.fixture(autouse=True)
def files_are_settled(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that a test writes counts as complete at once."""
    monkeypatch.setenv("KVALITET_SETTLE_SECONDS", "0")


@pytest.fixture
def inbox(settings: Settings) -> Path:
    return Path(settings.inbox.removeprefix("file://"))


@pytest.fixture
def own_secrets(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the installation's secrets that a test may change."""
    folder = tmp_path / "own-secrets"
    shutil.copytree(settings.secrets_dir, folder)
    monkeypatch.setenv("KVALITET_SECRETS", str(folder))
    return folder


@pytest.fixture
def deliver(inbox: Path) -> Callable[..., None]:
    """`deliver_complaints` to this test's inbox."""
    return partial(deliver_complaints, inbox)


@pytest.fixture(scope="module")
def deliveries_taken_in(
    new_warehouse: NewWarehouse, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[..., Settings]]:
    """Makes a warehouse that took in the deliveries `(rows, cutoff)`, for the module's tests to become copies of."""
    with ExitStack() as warehouses, pytest.MonkeyPatch.context() as environment:
        environment.setenv("KVALITET_SETTLE_SECONDS", "0")

        def make(*deliveries: tuple[list[dict[str, str]], str]) -> Settings:
            settings = warehouses.enter_context(new_warehouse(tmp_path_factory.mktemp("taken_in")))
            for rows, cutoff in deliveries:
                deliver_complaints(Path(settings.inbox.removeprefix("file://")), *rows, cutoff=cutoff)
                extract(settings, "bif_complaints")
            return settings

        yield make


@pytest.fixture
def open_rows(settings: Settings) -> Callable[..., list[dict]]:
    """The open rows of a raw table, ordered by its first column."""

    def read(table: str = "bif_complaints__complaints") -> list[dict]:
        with connect(settings, LOADER) as connection:
            return connection.execute(f"select * from raw.{table} where valid_to_load is null order by 1").fetchall()  # type: ignore[arg-type]

    return read


@pytest.fixture
def rejects(settings: Settings) -> Callable[[], list[tuple]]:
    """Open rejects as (row, key, column, rule, whether the last accepted version is kept)."""

    def read() -> list[tuple]:
        with connect(settings, AUDITOR) as connection:
            rows = connection.execute(
                "select row_number, row_key, column_name, rule, holds_previous from audit.reject"
                " where resolved_by_load is null order by reject_id"
            ).fetchall()
        return [tuple(row.values()) for row in rows]

    return read


@pytest.fixture
def everything_written(settings: Settings) -> Callable[[], str]:
    """Everything that the database and the run folder hold, as one text to search."""

    def read() -> str:
        texts = []
        with connect(settings, AUDITOR) as audit, connect(settings, LOADER) as raw:
            for connection, schema in ((audit, "audit"), (raw, "raw")):
                tables = connection.execute(
                    "select table_name from information_schema.tables where table_schema = %s", [schema]
                ).fetchall()
                for table in tables:
                    query = f"select t::text as row from {schema}.{table['table_name']} t"
                    texts += [row["row"] for row in connection.execute(query).fetchall()]  # type: ignore[arg-type]
        for file in settings.var.rglob("*"):
            if file.is_file() and "secrets" not in file.parts:
                texts.append(file.read_text(errors="replace"))
        return "\n".join(texts)

    return read


@pytest.fixture
def own_contract(settings, tmp_path, monkeypatch):
    """Settings with contracts that a test may change: `(before, after)` replaces text in the complaints' one."""
    root = tmp_path / "root"
    for folder in ("example/administration", "expectations", "dbt_project"):
        shutil.copytree(settings.root / folder, root / folder)
    monkeypatch.setenv("KVALITET_ROOT", str(root))
    changed = replace(settings, root=root)

    def change(*pairs: tuple[str, str], everywhere: tuple[str, str] = ("", "")):
        file = changed.contracts_dir / "bif_complaints.odcs.yaml"
        text = file.read_text()
        for before, after in pairs:
            assert text.count(before) == 1, before
            text = text.replace(before, after)
        file.write_text(text.replace(*everywhere) if everywhere[0] else text)
        return changed

    return change
