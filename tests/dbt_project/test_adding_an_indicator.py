"""docs/adding-an-indicator.md, followed to the letter in a copy of the project."""

import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from kvalitet.cli.app import app
from kvalitet.onboarding.indicator import MARK

ROOT = Path(__file__).resolve().parents[2]
GUIDE = (ROOT / "docs" / "adding-an-indicator.md").read_text(encoding="utf-8")
#: Where the draft tells that a part begins.
PART = re.compile(r"^# ── (?:append to|new file) (\S+)\n", re.MULTILINE)


def blocks(kind: str) -> list[str]:
    """The guide's blocks of one kind, in order."""
    found = re.findall(r"^```(\w*)\n(.*?)^```$", GUIDE, re.MULTILINE | re.DOTALL)
    return [text for name, text in found if name == kind]


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copytree(ROOT / "dbt_project", tmp_path / "dbt_project", ignore=shutil.ignore_patterns("target", "logs"))
    shutil.copytree(ROOT / "example" / "administration", tmp_path / "example" / "administration")
    monkeypatch.setenv("KVALITET_ROOT", str(tmp_path))
    return tmp_path


def draft() -> dict[str, str]:
    """File -> the part of the draft for it, by the guide's command."""
    program, *arguments = shlex.split(blocks("")[0])
    assert program == ".venv/bin/kvalitet"
    shown = CliRunner().invoke(app, arguments)
    assert shown.exit_code == 0, shown.output
    _, *parts = PART.split(shown.output)
    return dict(zip(parts[::2], parts[1::2], strict=True))


def filled(part: str, block: str) -> str:
    """The guide's block, under the draft's own number. What the draft does not mark must stand in it as drafted."""
    number = re.search(r"^    number: \d+$", part, re.MULTILINE)
    text = re.sub(r"^    number: \d+$", number[0], block, flags=re.MULTILINE) if number else block
    kept = [line for line in part.splitlines() if line.strip() and MARK not in line and "`guess`" not in line]
    assert [line for line in kept if line not in text.splitlines() and "received_date: 2024-04-01" not in line] == []
    return text


def test_guide_fills_in_every_mark(checkout: Path) -> None:
    """No mark and no … is left in the blocks that the guide shows as filled in."""
    assert [mark for block in blocks("yaml") for mark in (MARK, "…") if mark in block] == []


def test_indicator_of_guide_is_measured(checkout: Path, dbt: Callable[..., list]) -> None:
    parts = draft()
    for (file, part), block in zip(parts.items(), blocks("yaml"), strict=True):
        assert f"`{file}`" in GUIDE
        (checkout / file).parent.mkdir(parents=True, exist_ok=True)
        with (checkout / file).open("a", encoding="utf-8") as target:
            target.write(filled(part, block))
    program, script = shlex.split(blocks("")[1])
    assert program == ".venv/bin/python"
    subprocess.run([sys.executable, str(checkout / script)], check=True)
    register = (checkout / "example" / "administration" / "register" / "seed_indicator.csv").read_text(encoding="utf-8")
    assert register.splitlines()[-1].startswith("klager_henvist_pct,1,klagesager,bif_complaints,Henviste klager,")

    project = checkout / "dbt_project"
    model = "int_contribution__complaint"
    built = dbt("build", "--select", f"+{model}", "--exclude-resource-type", "unit_test", variables={}, project=project)
    assert {str(result.status) for result in built} == {"success"}
    tested = dbt("test", "--select", f"{model},test_type:unit", variables={}, project=project)
    assert {result.node.name: str(result.status) for result in tested} == {
        "complaints_that_another_body_referred": "pass",
        "rejected_and_withdrawn_are_not_decided_on_merits": "pass",
        "complaints_about_case_handling_are_in_no_law": "pass",
    }
