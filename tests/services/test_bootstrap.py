"""What scripts/bootstrap says on a machine where something is missing, and how `make help` reads."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TOOLS = ("sh", "dirname", "cat", "cksum", "tr", "df", "awk", "id", "env", "rm")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout with only the script, and a `bin` with the tools of a bare machine, without uv and python."""
    checkout = tmp_path / "a folder with spaces"
    for folder in ("scripts", "bin"):
        (checkout / folder).mkdir(parents=True)
    shutil.copy(ROOT / "scripts" / "bootstrap", checkout / "scripts")
    for name in ("uv.lock", "pyproject.toml"):
        (checkout / name).write_text("as locked")
    for tool in TOOLS:
        (checkout / "bin" / tool).symlink_to(shutil.which(tool) or f"/usr/bin/{tool}")
    return checkout


def program(checkout: Path, name: str, script: str) -> None:
    file = checkout / "bin" / name
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(0o755)


def bootstrap(checkout: Path, *arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [checkout / "scripts" / "bootstrap", *arguments],
        env={"PATH": str(checkout / "bin"), **env},
        capture_output=True,
        text=True,
        check=False,
    )


def said(run: subprocess.CompletedProcess[str]) -> str:
    assert run.returncode == 1
    assert "Traceback" not in run.stderr
    assert len(run.stderr.strip().splitlines()) == 2, f"what is wrong, and what mends it; not: {run.stderr}"
    return run.stderr


def test_without_python(checkout: Path) -> None:
    message = said(bootstrap(checkout))
    assert "needs Python 3.11" in message
    assert "not installed" in message
    assert "apt-get install -y python3 python3-venv" in message
    assert ("sudo" in message) == (os.geteuid() != 0)


def test_with_a_python_that_is_too_old(checkout: Path) -> None:
    program(checkout, "python3", 'if [ "$1" = --version ]; then echo Python 3.9.2; else exit 1; fi')
    assert "Python 3.9.2" in said(bootstrap(checkout))


def test_without_the_venv_module(checkout: Path) -> None:
    (checkout / "bin" / "python3").symlink_to(sys.executable)
    hidden = checkout / "hidden"
    hidden.mkdir()
    (hidden / "sitecustomize.py").write_text("import sys; sys.modules['ensurepip'] = None\n")
    message = said(bootstrap(checkout, PYTHONPATH=str(hidden)))
    assert "apt-get install -y python3-venv" in message


def test_with_a_full_disk(checkout: Path) -> None:
    (checkout / "bin" / "python3").symlink_to(sys.executable)
    (checkout / "bin" / "df").unlink()
    program(checkout, "df", "printf 'Filesystem\\n/dev/vda 100 90 10 90%% /\\n'")
    assert "has 10 MB left" in said(bootstrap(checkout))


def test_uv_runs_once_per_lock_file(checkout: Path) -> None:
    (checkout / "bin" / "python3").symlink_to(sys.executable)
    (checkout / "bin" / "mkdir").symlink_to(shutil.which("mkdir") or "/usr/bin/mkdir")
    (checkout / "bin" / "ln").symlink_to(shutil.which("ln") or "/usr/bin/ln")
    program(
        checkout,
        "uv",
        f'echo "$@" $UV_PYTHON_DOWNLOADS >>uv.calls; mkdir -p .venv/bin; ln -sf {sys.executable} .venv/bin/python',
    )
    calls = checkout / "uv.calls"

    def number() -> int:
        return len(calls.read_text().splitlines())

    assert bootstrap(checkout).returncode == 0
    assert "sync --quiet --frozen --no-dev" in calls.read_text()
    assert "never" in calls.read_text(), "no Python is downloaded"
    assert bootstrap(checkout).stdout == ""
    assert number() == 1, "nothing is done twice"
    assert bootstrap(checkout, "--dev").returncode == 0
    assert number() == 2
    assert bootstrap(checkout).returncode == 0
    assert number() == 2, "running takes the tests' packages as they are"
    (checkout / "uv.lock").write_text("locked anew")
    assert bootstrap(checkout).returncode == 0
    assert calls.read_text().splitlines()[2].startswith("sync --quiet --frozen --dev")


def test_make_without_target_lists_them() -> None:
    make = shutil.which("make")
    if make is None:
        pytest.skip("make is not installed")
    run = subprocess.run([make, "-C", ROOT], capture_output=True, text=True, check=True)
    for target in ("run", "stop", "test", "lint", "bench", "clean"):
        assert f"make {target} " in run.stdout
