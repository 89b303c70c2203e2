"""Plays a dump into a database in one transaction: all of it, or nothing.

pg_restore writes the script and psql runs it. Nothing is committed before both are known to have ended well. A dump
that breaks off, or a single statement that fails, leaves the database as it was.
"""

import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import IO

from kvalitet.backup.programs import Programs, failure, started

#: pg_restore 17 and newer write it for every server. Older servers do not know it.
_NEWER_SETTING = b"SET transaction_timeout = 0;\n"
_FIRST_OBJECT = (b"CREATE ", b"COPY ", b"ALTER ")


def replay(
    programs: Programs,
    dump: Path,
    url: str,
    server_version: int,
    before: str,
    after: str,
    options: tuple[str, ...] = (),
) -> None:
    """Run `before`, the dump and `after` (SQL without a final semicolon) in one transaction.

    Raises KvalitetError with the first error of either program.
    """
    restore = ["--file=-", "--no-tablespaces", *options, str(dump)]
    arguments = ["--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", "--file=-", "--output=/dev/null"]
    with (
        tempfile.TemporaryFile() as said_by_restore,
        tempfile.TemporaryFile() as said_by_psql,
        started(programs, "psql", arguments, url, stdin=subprocess.PIPE, stderr=said_by_psql) as psql,
        started(programs, "pg_restore", restore, stdout=subprocess.PIPE, stderr=said_by_restore) as script,
    ):
        assert psql.stdin and script.stdout
        try:
            psql.stdin.write(f"begin;\n{before};\n".encode())
            _pass_on(script.stdout, psql.stdin, server_version)
            if script.wait() == 0:
                psql.stdin.write(f"\n{after};\ncommit;\n".encode())
            psql.stdin.close()
        except BrokenPipeError:
            pass  # psql has ended, and its own error says why
        if psql.wait() != 0:
            raise failure("psql", psql.returncode, _text(said_by_psql))
        if script.wait() != 0:
            raise failure("pg_restore", script.returncode, _text(said_by_restore))


def _pass_on(script: IO[bytes], psql: IO[bytes], server_version: int) -> None:
    for line in script:
        if line == _NEWER_SETTING and server_version < 170000:
            continue
        psql.write(line)
        if line.startswith(_FIRST_OBJECT):
            break
    shutil.copyfileobj(script, psql, 1 << 20)


def _text(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode(errors="replace")
