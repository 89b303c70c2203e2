"""Random tables through the whole extraction, whole or damaged.

Every record that came has a fate by name, the warehouse holds what was delivered, nothing is left behind, and no
message holds a value.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from itertools import count
from pathlib import Path

import pytest
from deliveries import write
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as examples
from hypothesis import strategies as st
from random_files import CSV_WRITERS, JSON_WRITERS, SOURCE, XLSX_WRITERS, Dialect, Row, contract, dialects, tables
from test_random_files import DAMAGE, LONGEST_MESSAGE, MARK, as_values, damaged, exact_in_a_workbook, expected

from kvalitet.errors import DeliveryRefused
from kvalitet.intake import extract
from kvalitet.intake.records import ExtractResult
from kvalitet.services import preparing
from kvalitet.settings import AUDITOR, LOADER, Settings
from kvalitet.warehouse.connection import fetch_all

pytestmark = pytest.mark.slow

#: Each example is a whole load, so a failing one is shown as it is found and not shrunk.
SOME = examples(
    max_examples=12,
    deadline=None,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.too_slow],
)
FIRST = date(2015, 1, 1)
FORMATS = ("csv", "xlsx", "json")


@dataclass
class Source:
    """The random source. Each delivery is dated a day after the one before."""

    settings: Settings
    inbox: Path
    file_format: str
    nights: Iterator[int]

    def written(self, table: list[Row], dialect: Dialect, program: int) -> tuple[list[Row], bytes]:
        """The table as one of the programs can write it. None of its keys was delivered before."""
        night = next(self.nights)
        table = [replace(row, number=f"{night}.{row.number}") for row in table]
        if self.file_format == "csv":
            agreed = replace(dialect, delimiter=";", encoding="utf-8")
            return table, CSV_WRITERS[program % len(CSV_WRITERS)](table, agreed)
        if self.file_format == "json":
            return table, JSON_WRITERS[program % len(JSON_WRITERS)](table)
        table = exact_in_a_workbook(table)
        return table, XLSX_WRITERS[program % len(XLSX_WRITERS)](table)

    def deliver(self, content: bytes) -> None:
        for file in (self.inbox / SOURCE).glob("*"):
            file.unlink()
        cutoff = FIRST + timedelta(days=next(self.nights))
        write(self.inbox, f"{SOURCE}/rows_{cutoff}.{self.file_format}", content)

    def landed(self) -> dict[str, dict]:
        rows = fetch_all(self.settings, LOADER, f"select * from raw.{SOURCE}__rows")
        return {row["number"]: as_values(row) for row in rows}

    def account(self, load_id: int) -> dict[str, int]:
        """Records by fate, and dropped records by the rule that dropped them."""
        query = (
            "select case fate when 'dropped' then kind else fate end as fate, records from audit.load_account"
            " where load_id = %(load)s and fate <> 'seen'"
        )
        return {row["fate"]: row["records"] for row in fetch_all(self.settings, AUDITOR, query, {"load": load_id})}

    def rejected(self, load_id: int) -> int:
        """The number of records with a reject of the load, by their place in the file."""
        query = "select count(distinct row_number) as records from audit.reject where load_id = %(load)s"
        return fetch_all(self.settings, AUDITOR, query, {"load": load_id})[0]["records"]


@pytest.fixture(params=FORMATS)
def source(
    request, settings: Settings, admin_url: str, inbox: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Source:
    (contracts := tmp_path / "contracts").mkdir()
    contract(contracts, request.param)
    monkeypatch.setenv("KVALITET_CONTRACTS", str(contracts))
    preparing.open_warehouse(settings, admin_url)
    return Source(settings, inbox, request.param, count())


def hold_account(source: Source, result: ExtractResult) -> dict[str, int]:
    """Every record of the file has one fate, and the load's own counts agree."""
    (load,) = result.loads
    account = source.account(load.load_id)
    scanned = account.pop("scanned")
    assert scanned == sum(account.values())
    counts = load.tables["rows"]
    assert (counts.delivered, counts.rejected) == (account["accepted"] + account["set_aside"], account["set_aside"])
    return account


def test_every_row_is_accepted_or_set_aside(source: Source):
    taken: dict[str, dict] = {}

    @SOME
    @given(tables, dialects, st.integers(0, 5))
    def deliver_and_take_in(table: list[Row], dialect: Dialect, program: int) -> None:
        table, content = source.written(table, dialect, program)
        if not table:
            return
        source.deliver(content)
        result = extract(source.settings, SOURCE)
        taken.update(wanted := {row.number: values for row in table if (values := expected(row))})
        account = hold_account(source, result)
        set_aside = len(table) - len(wanted)
        assert (account["accepted"], account["set_aside"]) == (len(wanted), set_aside)
        assert source.rejected(result.loads[0].load_id) == set_aside
        assert extract(source.settings, SOURCE).outcome == "nothing_new"

    deliver_and_take_in()
    assert source.landed() == taken
    assert not list((source.settings.var / "spool").iterdir())


@contextmanager
def fit_to_print(table: list[Row], refusals: list[str]) -> Iterator[None]:
    """A refusal is short and holds no value. No other error may happen."""
    try:
        yield
    except DeliveryRefused as refused:
        message = str(refused)
        assert len(message) <= LONGEST_MESSAGE
        assert not any(value in message for value in (MARK, *(row.number for row in table)))
        refusals.append(message)


def test_damaged_delivery_loses_no_row_silently(source: Source):
    refusals: list[str] = []

    @SOME
    @given(tables, dialects, st.integers(0, 5), st.sampled_from(DAMAGE), st.integers(0, 10**6), st.integers(1, 255))
    def deliver_and_take_in(table, dialect, program, kind, at, byte) -> None:
        table = [*table, Row("A-999999", MARK, Decimal("1.50"), None, MARK)]
        table, content = source.written(table, replace(dialect, delimiter=";", encoding="utf-8"), program)
        source.deliver(damaged(content, kind, at, byte, replace(dialect, delimiter=";")))
        before = source.landed()
        with fit_to_print(table, refusals):
            result = extract(source.settings, SOURCE)
            account = hold_account(source, result)
            landed = {number: row for number, row in source.landed().items() if number not in before}
            delivered = {row.number for row in table if expected(row)}
            renamed = landed.keys() - {row.number for row in table}
            lost = delivered - landed.keys()
            assert len(lost) <= len(renamed) or account["set_aside"] or kind in ("cut", "flipped")
            if kind in ("quote", "delimiter", "line end", "record twice"):
                hold_values(landed, table)

    deliver_and_take_in()
    messages = fetch_all(source.settings, AUDITOR, "select message from audit.extract_run where outcome = 'failed'")
    assert messages == []
    assert not list((source.settings.var / "spool").iterdir())


def hold_values(landed: dict[str, dict], table: list[Row]) -> None:
    """An inserted character may become part of a text or a key, but no number or date may become another one."""
    wanted = {row.number: row for row in table}
    for number, row in landed.items():
        if delivered := wanted.get(number):
            assert (row["amount"], row["day"]) == (delivered.amount, delivered.day)


@pytest.mark.parametrize("source", ["csv"], indirect=True)
@pytest.mark.parametrize(
    "content", [b"PK\x03\x04\0\0", b"\x1f\x8b\x08\0", b"<html><table>", b"%PDF-1.7\n%\xe2", b";\n", b"\n\n"]
)
def test_file_of_other_kind_is_refused(source: Source, content: bytes):
    source.deliver(content)
    with pytest.raises(DeliveryRefused) as refused:
        extract(source.settings, SOURCE)
    assert len(str(refused.value)) <= LONGEST_MESSAGE
    assert not list((source.settings.var / "spool").iterdir())
