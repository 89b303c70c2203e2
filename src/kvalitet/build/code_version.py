"""Which code is running, as every build records it."""

import os
import subprocess
from importlib.metadata import version

from kvalitet.errors import KvalitetError, NotInstalled
from kvalitet.settings import Settings

#: Written into an image by its build, because an image holds no git (docker/code_version.py).
FILE = "code-version"
STATE_IT = "or state the version: KVALITET_CODE_VERSION."


def code_version(settings: Settings) -> str:
    """The commit that is running, with `+changes` where files differ from it. Outside of a repository, the release.

    KVALITET_CODE_VERSION comes first where it is set, then what an image was built from, then git. Raises KvalitetError
    where the checkout is a repository that git cannot be asked about.
    """
    noted = settings.root / FILE
    stated = os.environ.get("KVALITET_CODE_VERSION") or (noted.read_text().strip() if noted.is_file() else "")
    if stated:
        return stated
    head = _git(settings, "rev-parse", "HEAD")
    if head is None:
        return f"release {version('kvalitet')}"
    return head + ("+changes" if _git(settings, "status", "--porcelain") else "")


def _git(settings: Settings, *arguments: str) -> str | None:
    """Git's answer for the checkout. None where it is in no repository."""
    command = ["git", "-C", str(settings.root), *arguments]
    environment = os.environ | {"LC_ALL": "C"}
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    except OSError:
        if not (settings.root / ".git").exists():
            return None
        raise NotInstalled(
            f"{settings.root} is a git repository, and the program git is not installed here.",
            f"Install git, {STATE_IT}",
        ) from None
    if done.returncode == 0:
        return done.stdout.strip()
    if "not a git repository" in done.stderr:
        return None
    reason = (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[0]
    raise KvalitetError(
        f"Git does not say which commit {settings.root} is at: {reason}", f"Mend what it names, {STATE_IT}"
    )
