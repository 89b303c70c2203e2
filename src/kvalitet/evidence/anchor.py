"""The anchor of the chain's head: kept where whoever can change the warehouse cannot.

KVALITET_ANCHOR is `file:PATH` (a line is appended) or `command:PROGRAM ARGUMENTS` (the line goes to its standard
input: it may send an e-mail, write to another host or to a log that only grows). Without one the newest entries
could be cut off unseen: docs/security.md.
"""

import os
import shlex
import subprocess
from pathlib import Path

from kvalitet.errors import KvalitetError

_SECONDS = 60


def line(entry: int, sha256: str) -> str:
    return f"{entry} {sha256}"


def anchor_head(entry: int, sha256: str) -> bool:
    """Anchor the head of the chain; says whether there is an anchor. Raises KvalitetError where it fails."""
    uri = os.environ.get("KVALITET_ANCHOR")
    if not uri:
        return False
    kind, _, target = uri.partition(":")
    try:
        if kind == "file":
            with Path(target).open("a", encoding="ascii") as out:
                out.write(line(entry, sha256) + "\n")
                out.flush()
                os.fsync(out.fileno())
        elif kind == "command":
            told = (line(entry, sha256) + "\n").encode()
            subprocess.run(shlex.split(target), input=told, timeout=_SECONDS, check=True, capture_output=True)
        else:
            raise KvalitetError(f"KVALITET_ANCHOR cannot be {kind}:.", "Use file:PATH or command:PROGRAM.")
    except (OSError, subprocess.SubprocessError) as error:
        raise KvalitetError(
            f"Entry {entry} is published and signed, but its anchor failed: {type(error).__name__}.",
            f"Anchor it by hand: {line(entry, sha256)}",
        ) from None
    return True


def read_anchors(file: Path) -> dict[int, str]:
    """Entry → SHA-256 as anchored in a file. Raises KvalitetError where a line is none of ours."""
    anchors: dict[int, str] = {}
    for number, text in enumerate(file.read_text(encoding="ascii").splitlines(), start=1):
        entry, _, sha256 = text.partition(" ")
        if not entry.isdigit() or len(sha256) != 64:
            raise KvalitetError(f"{file} line {number} is not an anchor.", "Write `entry sha256` on each line.")
        anchors[int(entry)] = sha256
    return anchors
