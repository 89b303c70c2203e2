"""Anchors that could not be made stay due, and are made in the order of the ledger, whoever tries again."""

import sys
from pathlib import Path

import pytest
import synthetic
from typer.testing import CliRunner

from kvalitet.cli.app import app
from kvalitet.cli.status import read_status
from kvalitet.errors import KvalitetError
from kvalitet.publication import publish
from kvalitet.settings import AUDITOR, Settings
from kvalitet.verification.anchor import read_anchors
from kvalitet.verification.outbox import due, work_off
from kvalitet.warehouse.connection import fetch_all

pytestmark = pytest.mark.slow


def sums(settings: Settings) -> dict[int, str]:
    rows = fetch_all(settings, AUDITOR, "select entry, sha256 from audit.certificate")
    return {row["entry"]: row["sha256"] for row in rows}


def test_failed_anchor_stays_due(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KVALITET_ANCHOR", f"command:{sys.executable} -c 'raise SystemExit(1)'")
    first = synthetic.passed_build(settings, tmp_path)
    assert publish(settings, first).publication_id == 1, "the figures are published all the same"
    for _ in range(2):
        with pytest.raises(KvalitetError, match=r"Entry 1 .* anchor failed.*It stays due"):
            work_off(settings)
    assert publish(settings, first).publication_id == 1
    assert due(settings) == [1], "a retry of the publication does not hide it"

    publish(settings, synthetic.passed_build(settings, tmp_path))
    monkeypatch.delenv("KVALITET_ANCHOR")
    with pytest.raises(KvalitetError, match="due to be anchored, and KVALITET_ANCHOR is not set"):
        work_off(settings)
    assert due(settings) == [1, 2]
    assert [row["entry"] for row in read_status(settings)["anchors_due"]] == [1, 2]

    anchors = tmp_path / "anchors"
    monkeypatch.setenv("KVALITET_ANCHOR", f"file:{anchors}")
    assert work_off(settings) == 2
    assert work_off(settings) == 0
    assert read_anchors(anchors) == sums(settings)


def test_without_anchor_set_up_nothing_is_due(settings: Settings, tmp_path: Path) -> None:
    publish(settings, synthetic.passed_build(settings, tmp_path))
    assert due(settings) == []
    assert work_off(settings) == 0


def test_command_ends_red_while_one_is_due(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KVALITET_ANCHOR", "file:/no/such/folder/anchors")
    publish(settings, synthetic.passed_build(settings, tmp_path))
    monkeypatch.setattr(Settings, "from_environment", classmethod(lambda _: settings))
    assert CliRunner().invoke(app, ["anchor"]).exit_code == 1
    monkeypatch.setenv("KVALITET_ANCHOR", f"file:{tmp_path / 'anchors'}")
    done = CliRunner().invoke(app, ["anchor"])
    assert (done.exit_code, "1 entries anchored" in done.output) == (0, True)
