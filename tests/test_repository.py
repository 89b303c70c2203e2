"""Rules of the repository itself: which files must be short, where its documents link to, what is never committed."""

import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

#: The most lines that a file may have, by folder.
BOUNDS = {"dags/**/*.py": 150, "dbt_project/models/**/*.sql": 100, "src/**/*.py": 350}

# These are split, so that this file does not hold them itself.
UNFINISHED = re.compile(r"\b(?:TO" + r"DO|FIX" + r"ME|XX" + r"X|HA" + r"CK)\b")
MERGE_LEFTOVER = re.compile(r"^(?:<{7} |>{7} )", re.MULTILINE)
PRIVATE_KEY = re.compile(r"-----BEGIN [A-Z ]*PRIVATE" + r" KEY-----")

LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)|!\[[^\]]*\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#{1,6} +(.+?)\s*$", re.MULTILINE)
CODE_BLOCK = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)


@cache
def tracked() -> tuple[Path, ...]:
    listing = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True)
    return tuple(ROOT / name for name in listing.stdout.split("\0") if name and (ROOT / name).is_file())


def text_of(path: Path) -> str | None:
    """The file's text, or None for a file that is not text."""
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return None
    return None if "\0" in text else text


def relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize(("pattern", "most"), BOUNDS.items())
def test_files_are_short(pattern: str, most: int) -> None:
    folder, ending = pattern.split("/**/*")
    counts = {
        relative(path): len(path.read_text(encoding="utf-8").splitlines())
        for path in tracked()
        if relative(path).startswith(folder + "/") and path.suffix == ending
    }
    too_long = {name: count for name, count in counts.items() if count > most}
    assert not too_long, f"longer than {most} lines: {too_long}"


@pytest.mark.parametrize(
    ("what", "expression"),
    [("a note of unfinished work", UNFINISHED), ("a merge conflict", MERGE_LEFTOVER), ("a private key", PRIVATE_KEY)],
)
def test_nothing_is_left_behind(what: str, expression: re.Pattern[str]) -> None:
    found = [
        f"{relative(path)}: {match.group(0)}"
        for path in tracked()
        if path.name not in {"uv.lock", "LICENSE"}
        for match in expression.finditer(text_of(path) or "")
    ]
    assert not found, f"{what}: {found}"


def documents() -> list[Path]:
    return [path for path in tracked() if path.suffix == ".md"]


def anchors_of(document: Path) -> set[str]:
    """The anchors that a document's headings get where it is displayed."""
    headings = HEADING.findall(CODE_BLOCK.sub("", document.read_text(encoding="utf-8")))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("document", documents(), ids=relative)
def test_links_lead_somewhere(document: Path) -> None:
    broken = []
    text = CODE_BLOCK.sub("", document.read_text(encoding="utf-8"))
    for target in ("".join(groups) for groups in LINK.findall(text)):
        if re.match(r"[a-z]+:", target):
            continue
        place, _, anchor = target.partition("#")
        file = (document.parent / place).resolve() if place else document
        is_there = file.is_relative_to(ROOT) and file.exists()
        if not is_there or (anchor and file.suffix == ".md" and anchor not in anchors_of(file)):
            broken.append(target)
    assert not broken, f"{relative(document)} links to what is not there: {broken}"


def test_decisions_have_number_and_status() -> None:
    decisions = sorted(path for path in documents() if re.match(r"\d{4}-", path.name))
    assert decisions
    for path in decisions:
        first, *rest = path.read_text(encoding="utf-8").splitlines()
        assert first.startswith(f"# {path.name[:4]}: "), relative(path)
        assert any(line.startswith("Status: ") for line in rest[:4]), relative(path)
    numbers = [path.name[:4] for path in decisions]
    assert len(numbers) == len(set(numbers)), "two decisions share a number"


def test_imports_go_down() -> None:
    """By the layers in pyproject.toml, which name every package. Modules do not import each other in a circle."""
    # It runs in its own process, because the linter's logging would switch off that of later tests.
    command = [Path(sys.executable).with_name("lint-imports"), "--no-cache", "--no-logo"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_licence_is_whole() -> None:
    text = (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert text.startswith("Mozilla Public License Version 2.0\n")
    assert all(
        f"\n{number}. {title}\n" in text for number, title in [(1, "Definitions"), (10, "Versions of the License")]
    )
    assert text.rstrip().endswith("defined by the Mozilla Public License, v. 2.0.")
