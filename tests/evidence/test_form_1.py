"""Publications that were measured in form 1, before the canonical form, are still checked by it and are named."""

from pathlib import Path

import psycopg
import pytest
import synthetic
from bundles import check, unpacked

from kvalitet.publication import PublishRefused, publish
from kvalitet.settings import Settings
from kvalitet.verification.bundle import write_bundle
from kvalitet.verification.verify import verify

pytestmark = pytest.mark.slow


@pytest.fixture
def published(settings: Settings, tmp_path: Path) -> Settings:
    """A build that an earlier version judged and this version publishes, as after an upgrade between the two."""
    publish(settings, synthetic.passed_build(settings, tmp_path, form=1))
    return settings


def test_old_form_holds_and_is_named(published: Settings, tmp_path: Path) -> None:
    found = verify(published)
    assert (found.faults, found.old_form, found.entries) == ([], [1], 1)
    publish(published, synthetic.passed_build(published, tmp_path))
    found = verify(published)
    assert (found.faults, found.old_form, found.entries) == ([], [1], 2)


def test_changed_figure_is_found(published: Settings, admin_url: str) -> None:
    with psycopg.connect(admin_url) as owner:
        owner.execute("update reporting.fct_indicator_value set value = value + 1")
    fault = "What readers see is not what publication 1 was: fct_indicator_value (content)."
    assert fault in verify(published).faults


def test_candidate_changed_after_gate_is_refused(settings: Settings, tmp_path: Path, admin_url: str) -> None:
    build_id = synthetic.passed_build(settings, tmp_path, form=1)
    with psycopg.connect(admin_url) as owner:
        owner.execute("update candidate.fct_indicator_value set value = value + 1")
    with pytest.raises(PublishRefused, match="not what the gate measured: fct_indicator_value"):
        publish(settings, build_id)


def test_changed_row_in_old_bundle_is_found(published: Settings, tmp_path: Path) -> None:
    out = tmp_path / "evidence.zip"
    assert write_bundle(published, 1, out) == 2
    folder = unpacked(out)
    assert check(folder).returncode == 0
    file = folder / "tables" / "fct_indicator_value.jsonl"
    file.write_bytes(file.read_bytes().replace(b"1", b"2", 1))
    changed = check(folder)
    assert changed.returncode == 1 and "fct_indicator_value" in changed.stdout
