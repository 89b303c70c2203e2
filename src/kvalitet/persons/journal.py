"""The erasure journal: lists the erasures that were carried out, beside the landing store's key, not in the database.

A database that goes back to a backup forgets the erasures after it. The journal does not. `erasures.jsonl` has one line
per erasure with its number and day, written before the erasure is committed, and a second one after. It never says who
was erased, by whom or why.
"""

import json
import os
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

from kvalitet.errors import KvalitetError
from kvalitet.landing.keys import recipient_file
from kvalitet.settings import TIMEZONE, Settings, replace_secret

NAME = "erasures.jsonl"


@dataclass(frozen=True)
class Journal:
    """`days` gives the day of each erasure by its number. `unfinished` are those that may not have been committed.

    `gaps` are the times (from, until) for which the journal knows nothing: after the copy was made that a restore put
    in place, or where a line was left unfinished.
    """

    installation: str
    days: dict[int, date]
    unfinished: frozenset[int]
    gaps: tuple[tuple[datetime, datetime], ...] = ()


def journal_file(settings: Settings) -> Path:
    """KVALITET_ERASURE_JOURNAL, by default erasures.jsonl beside the landing store's public key."""
    return Path(os.environ.get("KVALITET_ERASURE_JOURNAL", recipient_file(settings).with_name(NAME)))


def begin_journal(settings: Settings, installation: str) -> None:
    """Start the journal where there is none. An empty journal then says that nobody was erased."""
    if not journal_file(settings).is_file():
        _append(journal_file(settings), {"installation": installation})


def check_journal(settings: Settings, installation: str) -> None:
    """Raises KvalitetError where the journal in place cannot be read or is not of this installation.

    A journal of which only a part of the first line was written is started anew.
    """
    file = journal_file(settings)
    found = read_journal(file)
    if found.installation == installation:
        return
    if found.installation or found.days or found.gaps:
        raise KvalitetError(
            f"The erasure journal {file} is not this installation's.",
            "Put this installation's own there, from the newest copy of its keys. Where it never had one, move this one"
            " away and run the command again.",
        )
    _append(file, {"installation": installation})


def begin_with_gap(settings: Settings, installation: str, since: datetime, copy: Path | None) -> None:
    """Put a copy or an empty journal in place, whole or not at all. It states since when it knows nothing."""
    text = copy.read_text() if copy else json.dumps({"installation": installation}) + "\n"
    gap = {"unknown_since": since.isoformat(), "until": datetime.now(UTC).isoformat()}
    place = journal_file(settings)
    place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    replace_secret(place, text.rstrip("\n") + "\n" + json.dumps(gap) + "\n")


def check_writable(settings: Settings) -> None:
    """Raises KvalitetError where no line can be added. Called before anything is erased."""
    _append(journal_file(settings), None)


def note(settings: Settings, erasure_id: int, is_committed: bool) -> None:
    """Add a line about an erasure. Raises KvalitetError where the journal cannot be written."""
    state = "committed" if is_committed else "begun"
    day = datetime.now(TIMEZONE).date()
    _append(journal_file(settings), {"erasure": erasure_id, "day": day.isoformat(), "state": state})


def read_journal(file: Path) -> Journal:
    """Read the journal. An unfinished line at the end, left by a killed process, is skipped.

    An unfinished line before a later one is a gap, since an erasure of an unknown number may have begun there. Raises
    KvalitetError where the file is not a journal.
    """
    installation, gaps = "", []
    days: dict[int, date] = {}
    committed: set[int] = set()
    known, unfinished_since = datetime(1970, 1, 1, tzinfo=UTC), None
    try:
        text, written = file.read_bytes().decode(), datetime.fromtimestamp(file.stat().st_mtime, UTC)
    except (OSError, UnicodeDecodeError) as error:
        raise KvalitetError(f"The erasure journal {file} cannot be read: {type(error).__name__}.") from None
    *lines, last = map(str.strip, text.split("\n"))
    if last and not _is_half(last):
        lines.append(last)
    for number, line in enumerate(lines, start=1):
        if _is_half(line):
            if number > 1:
                unfinished_since = unfinished_since or known
            continue
        try:
            entry, closed_until = json.loads(line), None
            if "installation" in entry:
                installation = str(entry["installation"])
            elif "unknown_since" in entry:
                closed_until, known = map(datetime.fromisoformat, (entry["unknown_since"], entry["until"]))
                gaps.append((closed_until, known))
            else:
                day = date.fromisoformat(entry["day"])
                days[int(entry["erasure"])] = day
                if entry["state"] == "committed":
                    committed.add(int(entry["erasure"]))
                known = datetime.combine(day, time.min, TIMEZONE)
                closed_until = known + timedelta(days=1)
        except (ValueError, KeyError, TypeError):
            raise KvalitetError(
                f"Line {number} of the erasure journal {file} cannot be read.", "Bring it back from a copy."
            ) from None
        if unfinished_since and closed_until:
            gaps.append((unfinished_since, closed_until))
            unfinished_since = None
    if unfinished_since:
        gaps.append((unfinished_since, written))
    return Journal(installation, days, frozenset(days) - committed, tuple(gaps))


def _is_half(line: str) -> bool:
    """Whether a line is the beginning of a journal line whose writing was broken off."""
    return line.startswith("{") and not line.endswith("}")


def _append(file: Path, entry: dict[str, object] | None) -> None:
    try:
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            line = json.dumps(entry) + "\n" if entry else ""
            size = os.fstat(descriptor).st_size
            if size and os.pread(descriptor, 1, size - 1) != b"\n":  # left by a killed process
                line = "\n" + line
            _write_whole(descriptor, line.encode())
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise KvalitetError(
            f"The erasure journal {file} cannot be written: {error.strerror}.",
            "Run this where it can be written, or name another file: KVALITET_ERASURE_JOURNAL.",
        ) from None


def _write_whole(descriptor: int, content: bytes) -> None:
    while content:
        content = content[os.write(descriptor, content) :]
