"""Finds a source's deliveries: in the inbox, wherever fsspec reaches it, or among what was fetched over HTTP."""

import re
import unicodedata
from collections import Counter
from dataclasses import dataclass
from datetime import date

from kvalitet.contracts import Contract
from kvalitet.errors import DeliveryRefused
from kvalitet.landing.places import Place, open_place
from kvalitet.settings import Settings


@dataclass(frozen=True)
class Delivery:
    """All files of one cut-off date. `paths` maps each table to its file, `absent` names the tables that are missing.

    `refusal` says why its cut-off cannot be right.
    """

    cutoff: date
    place: Place
    paths: dict[str, str]
    absent: tuple[str, ...]
    refusal: DeliveryRefused | None = None

    @property
    def name(self) -> str:
        return self.cutoff.isoformat()


@dataclass(frozen=True)
class Inbox:
    """The deliveries of one source, oldest first, and messages about the other files there.

    A message names only the contract's pattern, since a file name may hold anything.
    """

    deliveries: tuple[Delivery, ...]
    notes: tuple[str, ...]


def look(settings: Settings, contract: Contract) -> Inbox:
    """List the source's folder. A missing folder is an empty inbox, but a missing inbox is an error.

    Only plain files directly in the folder whose names follow the contract count. Links and names that lead elsewhere
    are left alone and counted as unrecognised. A file whose name matches except for its cut-off or spelling is left
    alone too, but is reported, because the day it means is not guessed.
    """
    if contract.location:
        place = open_place("KVALITET_FETCHED", f"file://{settings.fetched}")
    else:
        place = open_place("KVALITET_INBOX", settings.inbox)
    place.filesystem.invalidate_cache()
    try:
        with place.naming_errors():
            entries = place.filesystem.ls(f"{place.root.rstrip('/')}/{contract.folder}", detail=True)
    except FileNotFoundError:
        if not contract.location:  # the first fetched delivery makes this folder
            place.require()
        entries = []
    patterns = [table.file_pattern for table in contract.tables.values()]
    found: dict[date, dict[str, str]] = {}
    others: Counter[str] = Counter()
    for entry in entries:
        file_name = str(entry["name"]).rsplit("/", 1)[-1]
        is_file = entry["type"] == "file" and not entry.get("islink")
        cutoffs = {name: _cutoff(table.file_pattern, file_name) for name, table in contract.tables.items()}
        if not is_file or not any(cutoffs.values()):
            alike = [pattern for pattern in patterns if is_file and _is_meant(pattern, file_name)]
            others[max(alike, key=len, default="")] += 1
            continue
        for name, cutoff in cutoffs.items():
            if cutoff:
                found.setdefault(cutoff, {})[name] = str(entry["name"])
    deliveries = tuple(
        Delivery(
            cutoff=cutoff,
            place=place,
            paths=paths,
            absent=tuple(
                table.file_pattern.replace("{cutoff}", cutoff.isoformat())
                for name, table in contract.tables.items()
                if name not in paths
            ),
        )
        for cutoff, paths in sorted(found.items())
    )
    return Inbox(deliveries, tuple(_note(pattern, count) for pattern, count in sorted(others.items())))


def _note(pattern: str, count: int) -> str:
    if not pattern:
        return f"{count} unrecognised files were left alone."
    return (
        f"{count} {'file is' if count == 1 else 'files are'} named almost like {pattern}, without a day of the calendar"
        " written yyyy-mm-dd in its place, and left alone: correct the name."
    )


def _cutoff(file_pattern: str, file_name: str) -> date | None:
    """The cut-off that a name states exactly as agreed, or None."""
    before, _, after = file_pattern.partition("{cutoff}")
    match = re.fullmatch(rf"{re.escape(before)}([0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}){re.escape(after)}", file_name)
    try:
        return date.fromisoformat(match[1]) if match else None
    except ValueError:
        return None


def _is_meant(file_pattern: str, file_name: str) -> bool:
    """Whether a name matches except for upper case, Unicode form, blanks, and how its cut-off is written."""
    before, _, after = _plain(file_pattern).partition(_plain("{cutoff}"))
    middle = _plain(file_name).removeprefix(before).removesuffix(after)
    return len(middle) == len(_plain(file_name)) - len(before) - len(after) and any(map(str.isdigit, middle))


def _plain(name: str) -> str:
    return "".join(unicodedata.normalize("NFKC", name).casefold().split())
