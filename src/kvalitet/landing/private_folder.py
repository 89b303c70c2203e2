"""A folder for decrypted files, while they are read or re-encrypted."""

import os
import shutil
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from kvalitet.errors import KvalitetError
from kvalitet.settings import Settings

HOST = socket.gethostname()


@contextmanager
def private_folder(settings: Settings) -> Iterator[Path]:
    """A folder in the spool that only this user can read, removed afterwards."""
    base = settings.var / "spool"
    try:
        base.mkdir(parents=True, exist_ok=True, mode=0o700)
        _remove_leftovers(base)
        folder = Path(tempfile.mkdtemp(prefix=f"{HOST}.{os.getpid()}.", dir=base))
    except OSError as error:
        raise KvalitetError(
            f"The private spool {base} cannot be written: {error.strerror}.",
            "Run this where that folder can be written, or set KVALITET_VAR to one; in Docker, in the service `admin`.",
        ) from None
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _remove_leftovers(base: Path) -> None:
    """Remove the spools of this host's killed processes, since they hold delivered values unencrypted."""
    for folder in base.glob(f"{HOST}.*.*"):
        pid = folder.name.removeprefix(f"{HOST}.").partition(".")[0]
        if pid.isdigit() and not psutil.pid_exists(int(pid)):
            shutil.rmtree(folder, ignore_errors=True)
