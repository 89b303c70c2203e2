"""What each contract promises of its deliveries, measured on the records that intake wrote."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import psycopg
import pytest
from psycopg.rows import DictRow, dict_row

from kvalitet.contracts import load_contracts, read_contract
from kvalitet.gate.deliveries import all_suites, delivery_suite
from kvalitet.gate.loading import load_defaults
from kvalitet.gate.waivers import load_waivers
from kvalitet.settings import GATE, Settings

CONTRACTS = Path(__file__).parents[2] / "example" / "administration" / "contracts"
SOURCE = "bif_complaints"
TABLES = ("complaints", "complaint_points")
DEFAULTS = load_defaults(Settings.from_environment())
SUITE = delivery_suite(read_contract(CONTRACTS / f"{SOURCE}.odcs.yaml"), DEFAULTS)
CHECKS = {check.id.removeprefix(f"delivery_{SOURCE}_"): check for check in SUITE.checks}


@pytest.fixture
def records(settings: Settings, admin_url: str):
    """Writes the records of intake, builds and publishing: a delivery with its counts, and a build that rests on it."""
    with psycopg.connect(admin_url, autocommit=True) as connection:

        def delivered(
            rows: int = 1000, rejected: int = 0, closed: int = 0, unchanged: int | None = None, tables=TABLES,
            allowed_by: str | None = None,
        ) -> int:  # fmt: skip
            (load_id,) = connection.execute(
                "insert into audit.load (source_id, delivery, cutoff_date, content_sha256, outcome, contract_version,"
                " contract_sha256, started_at, closures_allowed_by)"
                " values (%s, '2025-01-02', '2025-01-02', md5(random()::text), 'accepted', '1', '', now(), %s)"
                " returning load_id",
                [SOURCE, allowed_by],
            ).fetchone()  # type: ignore[misc]
            for table in tables:
                stayed = rows - rejected if unchanged is None else unchanged
                connection.execute(
                    "insert into audit.load_table values (%s, %s, 'f', 1, '', %s, %s, 0, 0, %s, %s, 0)",
                    [load_id, table, rows, rejected, closed, stayed],
                )
            return load_id

        def built(load_id: int | None, published: bool = False, is_stale: bool = False) -> int:
            (build_id,) = connection.execute(
                "insert into audit.build (kind, target_schema, owner, as_of_date, code_version, status)"
                " values ('night', 'candidate', 'a test', '2025-01-02', 'test', 'published') returning build_id"
            ).fetchone()  # type: ignore[misc]
            if load_id is not None:
                connection.execute(
                    "insert into audit.build_load values (%s, %s, %s, %s, null)", [build_id, SOURCE, load_id, is_stale]
                )
            if published:
                connection.execute(
                    "insert into audit.publication (build_id, published_by) values (%s, 'a test')", [build_id]
                )
            return build_id

        yield SimpleNamespace(delivered=delivered, built=built)


@pytest.fixture
def ask(settings: Settings) -> Callable[[int, str], tuple | str]:
    """(holds, violations, denominator) of a check, asked as the gate's role, or the reason why it is not applicable."""

    def answer(build_id: int, name: str) -> tuple | str:
        check = CHECKS[name]
        url = settings.dsn(GATE, options=f"-ckvalitet.build_id={build_id}")
        with psycopg.Connection[DictRow].connect(url, row_factory=dict_row) as connection:
            for condition in check.not_applicable_when:
                (answered,) = connection.execute(condition.sql.encode()).fetchone().values()  # type: ignore[union-attr]
                if answered:
                    return condition.reason
            row = connection.execute((check.count_violations or "").encode()).fetchone()
        assert row
        violations, denominator = int(row["violations"]), int(row["denominator"])
        return check.threshold.holds(violations, denominator), violations, denominator

    return answer


def test_every_contract_has_all_checks(settings: Settings) -> None:
    suites = {suite.table: suite for suite in all_suites(settings)}
    for contract in load_contracts(settings).values():
        ids = {check.id.removeprefix(f"delivery_{contract.id}_") for check in suites[f"delivery_{contract.id}"].checks}
        assert {"fresh", "volume", "rows_accounted_for", "rows_set_aside"} <= ids
        assert {rule.id for rule in contract.quality if rule.is_measured} <= ids
        assert {f"{table}_{kind}" for table in contract.tables for kind in ("duplicate_values", "row_count")} <= ids
        assert ("rows_closed" in ids) == any(table.absence_closes for table in contract.tables.values())
    ids = [check.id for suite in suites.values() for check in suite.checks]
    assert len(ids) == len(set(ids))


def test_check_says_what_contract_says(settings: Settings) -> None:
    rows, doubled = CHECKS["complaints_row_count"], CHECKS["complaints_duplicate_values"]
    assert rows.why == "Et tomt udtræk er en fejl. (Kontrakten bif_complaints 1.0.0.)"
    assert (rows.severity, rows.owner) == ("critical", "Klageteamet (fiktiv)")
    assert (str(doubled.threshold), str(CHECKS["rows_closed"].threshold)) == ("under 1 %", "højst 5 %")
    assert "Klageteamets fællespostkasse (fiktiv)" in rows.advice_engineer
    assert "2 dage" in CHECKS["fresh"].must_hold
    warned = delivery_suite(read_contract(CONTRACTS / "court_cases.odcs.yaml"), DEFAULTS)
    assert {check.severity for check in warned.checks if check.id.endswith("_duplicate_values")} == {"warning"}


def test_unusable_contract_has_no_suite(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "expectations").mkdir()
    (tmp_path / "expectations" / "suites").symlink_to(settings.suites_dir)
    (tmp_path / "dbt_project").symlink_to(settings.dbt_dir)
    contracts = tmp_path / "example" / "administration" / "contracts"
    contracts.mkdir(parents=True)
    text = (CONTRACTS / f"{SOURCE}.odcs.yaml").read_text()
    (contracts / "klar.odcs.yaml").write_text(text)
    (contracts / "uklar.odcs.yaml").write_text(
        text.replace("id: bif_complaints\n", "id: uklar\n").replace("classification: internal", "classification: x")
    )
    suites = {suite.table for suite in all_suites(replace(settings, root=tmp_path))}
    assert {table for table in suites if table.startswith("delivery_")} == {f"delivery_{SOURCE}"}


def test_delivery_check_can_be_waived_by_id(tmp_path: Path) -> None:
    file = tmp_path / "waivers.yaml"
    file.write_text(
        "waivers: [{check: delivery_bif_complaints_volume, reason: To centre er lagt sammen., covers: 1,"
        " decided_by: Kontorchefen, decided_on: 2025-01-02, expires_on: 2025-01-03}]"
    )
    assert list(load_waivers(file, [SUITE])) == ["delivery_bif_complaints_volume"]


def test_missing_source_is_reported_once(records, ask) -> None:
    build = records.built(None)
    assert ask(build, "fresh") == (False, 1, 1)
    assert ask(build, "rows_set_aside") == "Kilden har ikke leveret; det siger delivery_bif_complaints_fresh."
    stale = records.built(records.delivered(), is_stale=True)
    assert ask(stale, "fresh") == (False, 1, 1)
    assert ask(records.built(records.delivered()), "fresh") == (True, 0, 1)


def test_rejects_are_held_to_contract_limits(records, ask) -> None:
    earlier = records.delivered(rejected=20)
    assert ask(records.built(earlier), "rows_set_aside") == (True, 40, 2000), "2 % of both tables"
    later = records.delivered(rejected=21)
    assert ask(records.built(later), "rows_set_aside") == (False, 42, 2000)


def test_lost_rows_are_found(records, ask) -> None:
    assert ask(records.built(records.delivered(rejected=3)), "rows_accounted_for") == (True, 0, 2000)
    assert ask(records.built(records.delivered(unchanged=998)), "rows_accounted_for") == (False, 4, 2000)


def test_closures_over_limit_need_allowance(records, ask) -> None:
    # Before the delivery there were 950 + 50 and 949 + 51 rows in each of the two tables.
    assert ask(records.built(records.delivered(rows=950, closed=50)), "rows_closed") == (True, 100, 2000)
    assert ask(records.built(records.delivered(rows=949, closed=51)), "rows_closed") == (False, 102, 2000)
    allowed = records.delivered(rows=100, closed=900, allowed_by="A. Hansen")
    assert ask(records.built(allowed), "rows_closed") == "Lukningerne er tilladt ved navn og med en begrundelse."
    first = records.delivered(unchanged=0)
    assert ask(records.built(first), "rows_closed") == "Der var ingen rækker før denne leverance."


def test_volume_band_is_learned(records, ask) -> None:
    """Earlier steps of 2, 4, 3, 2 and 4 are usually 3, and off by 1. The band for 1,000 rows is 3 ± 50, because 50 is
    more than 15 × 1 and more than 10."""
    too_few = "Under 6 tidligere offentliggjorte leverancer at lære af."
    for rows in (985, 987, 991, 994, 996):
        assert ask(records.built(records.delivered(rows), published=True), "volume") == too_few
    records.built(records.delivered(1000), published=True)
    assert ask(records.built(records.delivered(1053)), "volume") == (True, 0, 2)
    assert ask(records.built(records.delivered(1054)), "volume") == (False, 2, 2)
    assert ask(records.built(records.delivered(953)), "volume") == (True, 0, 2)
    assert ask(records.built(records.delivered(952)), "volume") == (False, 2, 2)
    halved = records.delivered(500)
    assert ask(records.built(halved), "volume") == (False, 2, 2)
    assert ask(records.built(records.delivered(501)), "volume") == (False, 2, 2), "what was held back teaches nothing"


def test_varying_source_has_wider_band(records, ask) -> None:
    """Steps of 100 up and down in turn are usually 0, and off by 100. The band is 0 ± 1,500."""
    for rows in (1000, 1100, 1000, 1100, 1000, 1100, 1000):
        records.built(records.delivered(rows), published=True)
    assert ask(records.built(records.delivered(2500)), "volume") == (True, 0, 2)
    assert ask(records.built(records.delivered(2501)), "volume") == (False, 2, 2)
