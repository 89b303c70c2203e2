"""The note of where the embedded server listens: var/run/postgres.address, its host:port and then its run folder."""

from contextlib import suppress
from pathlib import Path

NOT_STARTED = "127.0.0.1:0"


def noted_address(var: Path) -> str:
    """The host:port of the embedded server of the run folder `var`; port 0 where none is noted.

    A note that is damaged is none. Nor is that of a run folder of which `var` is a copy; where the run folder was
    moved, its old place is gone and the note holds.
    """
    with suppress(OSError, ValueError):
        address, _, folder = _file(var).read_text().strip().partition("\n")
        host, _, port = address.rpartition(":")
        is_ours = folder in ("", str(var)) or not Path(folder).exists()
        if is_ours and host == "127.0.0.1" and port.isascii() and port.isdigit() and 0 < int(port) < 2**16:
            return address
    return NOT_STARTED


def note_address(var: Path, address: str) -> None:
    """Write the note, whole or not at all."""
    file = _file(var)
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_name(f"{file.name}.part")
    part.write_text(f"{address}\n{var}\n")
    part.replace(file)


def _file(var: Path) -> Path:
    return var / "run" / "postgres.address"
