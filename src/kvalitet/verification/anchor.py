"""Anchors the chain's head in a place that whoever can change the warehouse cannot change.

KVALITET_ANCHOR is `file:PATH` (a line is appended), `mailto:ADDRESS` (the line is mailed, through the mail server of
the alerts) or `command:PROGRAM ARGUMENTS` (the line goes to its standard input, and the program may write to another
host or to a log that only grows). Without an anchor, the newest entries could be cut off unnoticed: docs/security.md.
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
    """Anchor the head of the chain. Returns whether there is an anchor. Raises KvalitetError where it fails."""
    uri = os.environ.get("KVALITET_ANCHOR")
    if not uri:
        return False
    kind, _, target = uri.partition(":")
    if kind not in _KINDS:
        raise KvalitetError(f"KVALITET_ANCHOR cannot be {kind}:.", "Use file:PATH, mailto:ADDRESS or command:PROGRAM.")
    try:
        _KINDS[kind](target, line(entry, sha256))
    except (OSError, subprocess.SubprocessError, KvalitetError) as error:
        why = error.what if isinstance(error, KvalitetError) else f"{type(error).__name__}."
        raise KvalitetError(
            f"Entry {entry} is published and signed, but its anchor failed: {why}",
            f"It stays due: `kvalitet anchor` tries again. By hand: {line(entry, sha256)}",
        ) from None
    return True


def _append(path: str, told: str) -> None:
    with Path(path).open("a", encoding="ascii") as out:
        out.write(told + "\n")
        out.flush()
        os.fsync(out.fileno())


def _mail(address: str, told: str) -> None:
    from kvalitet.alerts.channels import mail_to  # Airflow's mail takes seconds to load, so only where it is used
    from kvalitet.alerts.message import Message

    advice = "Gem linjen: `kvalitet verify --anchors` holder den op mod registret."
    text, html = f"{told}\n\n{advice}\n", f"<pre>{told}</pre><p>{advice}</p>"
    mail_to(address).send(Message(f"Kvalitet: anker {told.partition(' ')[0]}", text, html, json=""))


def _command(command: str, told: str) -> None:
    subprocess.run(shlex.split(command), input=f"{told}\n".encode(), timeout=_SECONDS, check=True, capture_output=True)


_KINDS = {"file": _append, "mailto": _mail, "command": _command}


def read_anchors(file: Path) -> dict[int, str]:
    """Entry → SHA-256 as anchored in a file. Raises KvalitetError where a line has another form."""
    anchors: dict[int, str] = {}
    for number, text in enumerate(file.read_text(encoding="ascii").splitlines(), start=1):
        entry, _, sha256 = text.partition(" ")
        if not entry.isdigit() or len(sha256) != 64:
            raise KvalitetError(f"{file} line {number} is not an anchor.", "Write `entry sha256` on each line.")
        anchors[int(entry)] = sha256
    return anchors
