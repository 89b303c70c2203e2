"""Finds Postgres' own pg_dump, pg_restore and psql, and runs them without showing a password."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import IO

from psycopg.conninfo import conninfo_to_dict, make_conninfo

from kvalitet.errors import KvalitetError
from kvalitet.warehouse.server_place import binaries

_DEBIAN = Path("/usr/lib/postgresql")
_KEPT = (
    "PATH",
    "HOME",
    "LD_LIBRARY_PATH",
    "PGSSLMODE",
    "PGSSLROOTCERT",
    "PGSSLCERT",
    "PGSSLKEY",
    "PGSERVICEFILE",
    "PGPASSFILE",
)


@dataclass(frozen=True)
class Programs:
    """The folder of one version's programs. `version` is the version that pg_dump prints, e.g. 18.4."""

    folder: Path
    version: str

    @property
    def major(self) -> int:
        return int(self.version.split(".")[0])


def programs_for(major: int) -> Programs:
    """The newest programs available, at least of that major version, because pg_dump reads no server newer than itself.

    Raises KvalitetError that says what to install where they are older.
    """
    found = _at_hand()
    if not found or found[0].major < major:
        newest = f"the newest at hand is {found[0].version} ({found[0].folder})" if found else "none is at hand"
        raise KvalitetError(
            f"pg_dump and pg_restore of PostgreSQL {major} are needed, and {newest}.",
            f"Install them (Debian: postgresql-client-{major}) where this runs, on the PATH.",
        )
    return found[0]


@cache
def _at_hand() -> tuple[Programs, ...]:
    """The available programs, newest first: those of the wheel, those on the PATH, and Debian's."""
    folders = []
    with suppress(KvalitetError):  # an installation on an own server may lack the wheel
        folders.append(binaries() / "bin")
    on_path = shutil.which("pg_dump")
    folders += [Path(on_path).parent] if on_path else []
    folders += sorted(_DEBIAN.glob("*/bin"))
    found = []
    for folder in dict.fromkeys(folders):
        if all((folder / name).is_file() for name in ("pg_dump", "pg_restore", "psql")):
            said = subprocess.run([folder / "pg_dump", "--version"], capture_output=True, text=True, check=False).stdout
            version = re.search(r"\d+(\.\d+)?", said)
            found += [Programs(folder, version[0])] if version else []
    return tuple(sorted(found, key=lambda one: tuple(map(int, one.version.split("."))), reverse=True))


def run(programs: Programs, name: str, arguments: list[str], url: str | None = None) -> str:
    """Run a program to its end. Returns its standard output. Raises KvalitetError with the program's error."""
    command, environment = _command(programs, name, arguments, url)
    done = subprocess.run(command, env=environment, capture_output=True, text=True, errors="replace", check=False)
    if done.returncode != 0:
        raise failure(name, done.returncode, done.stderr)
    return done.stdout


@contextmanager
def started(
    programs: Programs,
    name: str,
    arguments: list[str],
    url: str | None = None,
    *,
    stdin: int = subprocess.DEVNULL,
    stdout: int | None = None,
    stderr: IO[bytes],
) -> Iterator[subprocess.Popen[bytes]]:
    """A running program, killed at the end of the block if it still runs."""
    command, environment = _command(programs, name, arguments, url)
    process = subprocess.Popen(command, env=environment, stdin=stdin, stdout=stdout, stderr=stderr)
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        for stream in (process.stdin, process.stdout):
            if stream:
                with suppress(BrokenPipeError):
                    stream.close()


def failure(name: str, code: int, said: str) -> KvalitetError:
    """A failed program's error: its first error line, without the rows that Postgres quotes in DETAIL lines."""
    lines = [line.strip() for line in said.splitlines()]
    first = next((line for line in lines if "error" in line.lower() or "fatal" in line.lower()), "")
    return KvalitetError(
        f"{name} ended with code {code}: {first[:400] or 'it said nothing'}", "Mend what it names and begin again."
    )


def _command(programs: Programs, name: str, arguments: list[str], url: str | None) -> tuple[list[str], dict[str, str]]:
    environment = {key: value for key, value in os.environ.items() if key in _KEPT}
    environment |= {"LC_ALL": "C.UTF-8", "TZ": "UTC"}
    command = [str(programs.folder / name), *arguments]
    if url is not None:
        parts = conninfo_to_dict(url)
        # In the child's own environment, because everybody on the machine can read arguments.
        environment["PGPASSWORD"] = str(parts.pop("password", None) or os.environ.get("PGPASSWORD", ""))
        command += ["--no-password", f"--dbname={make_conninfo(**parts)}"]  # type: ignore[arg-type]
    return command, environment
