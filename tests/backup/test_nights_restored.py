"""Whole nights of the sample are backed up during a build and restored, and the next one is published there."""

import shutil
import threading
import time
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
from installations import Installation, own_secrets, seen_as
from kvalitet_example import generate

from kvalitet.backup import back_up, folder, restore
from kvalitet.backup.making import KIND
from kvalitet.nights.night import run_night
from kvalitet.persons.journal import NAME
from kvalitet.publication import figures
from kvalitet.publication.catalogue import Catalogue, manifest_path, missing, read_catalogue
from kvalitet.settings import AUDITOR, Settings
from kvalitet.verification.verify import verify
from kvalitet.warehouse import server
from kvalitet.warehouse.connection import connect, fetch_all

pytestmark = pytest.mark.slow


def deliver_night(settings: Settings, night: int) -> None:
    generate(Path(settings.inbox.removeprefix("file://")), night=night, complaints=2000)


def test_backup_mid_night_goes_on_elsewhere(
    settings: Settings,
    warehouse_server: Settings,
    empty: Callable[[], Installation],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    secrets = own_secrets(warehouse_server, tmp_path / "secrets")
    source = seen_as(settings, server.admin_url(warehouse_server), secrets, monkeypatch)
    deliver_night(settings, 1)
    assert run_night(settings).publication_id == 1
    said = figures(settings, 1)

    deliver_night(settings, 2)
    results: list = []
    steps: list[str] = []
    thread = threading.Thread(
        target=lambda: results.append(run_night(settings, lambda step, detail: steps.append(step)))
    )
    thread.start()
    made = []
    while thread.is_alive():
        at = steps[-1] if steps else "start"
        made.append((at, back_up(settings, tmp_path / "backups", tmp_path / "keys")))
        time.sleep(3)
    thread.join()
    assert results and results[0].publication_id == 2, "the backups did not disturb the night"
    assert len(made) >= 3
    building = [one for _, one in made if folder.read(one.path, KIND).manifest["live_builds"]]
    assert building, "one was taken while a build was live"

    target = empty()
    shutil.copy(source.secrets / NAME, target.secrets)
    restored = restore(target.settings, building[-1].path, tmp_path / "keys", "test")
    assert restored.verification.faults == []
    assert restored.settled.builds_ended == tuple(folder.read(building[-1].path, KIND).manifest["live_builds"])
    (ended,) = fetch_all(target.settings, AUDITOR, "select status, message from audit.build where build_id = 2")
    assert ended == {"status": "failed", "message": "the installation was restored"}
    assert figures(target.settings, 1) == said
    declared = read_catalogue(manifest_path(settings))
    assert lacking(target.settings, declared) == lacking(settings, declared), "keys, comments, policies and rights"
    with psycopg.connect(target.admin_url) as connection:
        schemas = {name for (name,) in connection.execute("select nspname::text from pg_namespace").fetchall()}
    assert not any(name.startswith("candidate") for name in schemas)

    for night in (1, 2):  # the inbox is not backed up, so the sources deliver again
        deliver_night(target.settings, night)
    result = run_night(target.settings)
    assert (result.publication_id, result.failed_critical) == (2, []), result
    assert verify(target.settings).faults == []
    # With the same deliveries and keys, the restored installation publishes the same figures as the first.
    assert [row["value"] for row in figures(target.settings, 2)] == [row["value"] for row in figures(settings, 2)]


def lacking(settings: Settings, declared: Catalogue) -> list[str]:
    """What publishing would find missing in the published tables. Readers' rights on them are left out."""
    with connect(settings, AUDITOR) as connection:
        found, checked = missing(connection, "reporting", declared)
    assert checked > 500
    return [fault for fault in found if "reader" not in fault]
