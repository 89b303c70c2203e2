"""The commands that documents give to users of one machine, typed in a shell, on an installation with one night."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from kvalitet_example import generate

from kvalitet.evidence.signing import public_key_file
from kvalitet.nights.night import run_night
from kvalitet.settings import AUDITOR, Settings
from kvalitet.warehouse.connection import fetch_all

pytestmark = pytest.mark.slow
ANCHORS = "anchors-i-kept.txt"
KEY = "key-i-was-given.pem"


@dataclass(frozen=True)
class Shell:
    """A shell in its own folder, set to an installation with one publication."""

    settings: Settings
    folder: Path

    def types(self, command: str, in_folder: str = ".") -> str:
        """The output of a command, which must succeed."""
        done = self.run(command, in_folder)
        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
        return done.stdout

    def run(self, command: str, in_folder: str = ".") -> subprocess.CompletedProcess[str]:
        environment = os.environ | {
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "KVALITET_VAR": str(self.settings.var),
            "KVALITET_INBOX": self.settings.inbox,
            "KVALITET_DATABASE_URL": f"postgresql://{self.settings.server}/{self.settings.database}",
            "COLUMNS": "160",
        }
        return subprocess.run(
            ["bash", "-euo", "pipefail", "-c", command], env=environment, cwd=self.folder / in_folder,
            capture_output=True, text=True, check=False,
        )  # fmt: skip


@pytest.fixture(scope="module")
def shell(new_warehouse, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    folder = tmp_path_factory.mktemp("documented")
    with new_warehouse(folder / "installation") as settings, pytest.MonkeyPatch.context() as environment:
        environment.setenv("KVALITET_SETTLE_SECONDS", "0")
        environment.setenv("KVALITET_ANCHOR", f"file:{folder / ANCHORS}")
        generate(Path(settings.inbox.removeprefix("file://")), night=1, complaints=2000)
        assert run_night(settings).publication_id == 1
        shutil.copy(public_key_file(settings), folder / KEY)
        environment.delenv("KVALITET_ANCHOR")
        yield Shell(settings, folder)


def test_auditor_verifies_with_own_key(shell: Shell) -> None:
    said = shell.types(f"kvalitet verify --public-key {KEY} --anchors {ANCHORS}")
    assert re.search(r"1 entries of the ledger, \d+ published tables, 1 anchors checked", said), said
    assert "All of it is as it was signed." in said


def test_auditor_verifies_exported_evidence(shell: Shell) -> None:
    assert re.search(r"evidence-1.zip: the ledger, \d+ tables and verify.py", shell.types(
        "kvalitet evidence --publication 1 --out evidence-1.zip"))  # fmt: skip
    if shutil.which("unzip"):
        shell.types("unzip -q evidence-1.zip -d evidence-1 && cd evidence-1")
    else:
        shell.types("python -m zipfile -e evidence-1.zip evidence-1")
    shutil.copy(shell.folder / KEY, shell.folder / "evidence-1")
    said = shell.types(f"python verify.py --public-key {KEY}", in_folder="evidence-1")
    assert re.search(r"1 entries of the ledger, \d+ tables of publication 1: all of it holds", said), said


def test_delivered_file_has_recorded_digest(shell: Shell) -> None:
    inbox = Path(shell.settings.inbox.removeprefix("file://"))
    shutil.copy(inbox / "bif_complaints" / "klager_2025-01-02.csv", shell.folder)
    digest, name = shell.types("sha256sum klager_2025-01-02.csv").split()
    assert digest == _recorded(shell, name)["sha256"]


@pytest.mark.skipif(
    not (shutil.which("age") and shutil.which("zstd")), reason="no age and zstd here: apt-get install age zstd"
)
def test_kept_file_opens_with_common_tools(shell: Shell) -> None:
    recorded = _recorded(shell, "klager_2025-01-02.csv")
    shutil.copy(shell.settings.secrets_dir / "landing.key", shell.folder)
    (shell.folder / "var").symlink_to(shell.settings.var)
    said = shell.types(
        "age --decrypt --identity landing.key var/landing/<path> | zstd --decompress | sha256sum".replace(
            "<path>", recorded["path"]
        )
    )
    assert said.split()[0] == recorded["sha256"]


def _recorded(shell: Shell, file: str) -> dict:
    query = "select path, sha256 from audit.landed_file where file_name = %(file)s"
    return fetch_all(shell.settings, AUDITOR, query, {"file": file})[0]


@pytest.mark.parametrize(
    ("command", "says"),
    [
        ("kvalitet status", "bif_complaints"),
        ("kvalitet rejects", "bif_complaints"),
        ("kvalitet verify", "All of it is as it was signed."),
        ("kvalitet figures --publication 1", "klager_modtaget"),
        ("kvalitet reevaluate 1", "passed"),
        ("kvalitet dsn --role bi", "postgresql://kvalitet_bi:"),
        (
            "kvalitet contract $KVALITET_ROOT/example/administration/contracts/bif_complaints.odcs.yaml",
            "Ready for intake.",
        ),
        ("kvalitet --help", "supervision-sample"),
    ],
)
def test_read_only_command_answers(shell: Shell, command: str, says: str) -> None:
    assert says in shell.types(command)
