"""The note of the embedded server's address: var/run/postgres.address holds its host:port, then its run folder."""

from contextlib import suppress
from pathlib import Path

NOT_STARTED = "127.0.0.1:0"


def noted_address(var: Path) -> str:
    """The host:port of the embedded server of the run folder `var`. Port 0 where none is noted.

    A damaged note does not count, and neither does that of a run folder of which `var` is a copy. Where the run folder
    was moved, its old place is gone and the note counts.
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
