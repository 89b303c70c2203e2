"""Finds a source's deliveries: in the inbox, wherever fsspec reaches it, or among what was fetched over HTTP."""

import re
from dataclasses import dataclass
from datetime import date

from kvalitet.contracts import Contract
from kvalitet.errors import KvalitetError
from kvalitet.landing.places import Place, open_place
from kvalitet.settings import Settings


@dataclass(frozen=True)
class Delivery:
    """All files of one cut-off date. `paths` maps each table to its file; `absent` names what has not come."""

    cutoff: date
    place: Place
    paths: dict[str, str]
    absent: tuple[str, ...]

    @property
    def name(self) -> str:
        return self.cutoff.isoformat()


@dataclass(frozen=True)
class Inbox:
    """The deliveries of one source, oldest first, and how many files there no contract names."""

    deliveries: tuple[Delivery, ...]
    unrecognised_files: int


def look(settings: Settings, contract: Contract) -> Inbox:
    """List the source's folder. A folder that is not there is an empty inbox; an inbox that is not there is an error.

    Only plain files directly in the folder whose names follow the contract count: links and
    names that lead elsewhere are left alone and counted as unrecognised.
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
        if not contract.location:  # where fetched deliveries lie is made by the first of them
            place.require()
        entries = []
    patterns = {name: _expression(table.file_pattern) for name, table in contract.tables.items()}
    found: dict[date, dict[str, str]] = {}
    unrecognised = 0
    for entry in entries:
        file_name = str(entry["name"]).rsplit("/", 1)[-1]
        cutoffs = {name: _cutoff(pattern, file_name) for name, pattern in patterns.items()}
        if entry["type"] != "file" or entry.get("islink") or not any(cutoffs.values()):
            unrecognised += 1
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
    return Inbox(deliveries, unrecognised)


def _expression(file_pattern: str) -> re.Pattern[str]:
    before, _, after = file_pattern.partition("{cutoff}")
    return re.compile(rf"{re.escape(before)}(\d{{4}}-\d{{2}}-\d{{2}}){re.escape(after)}")


def _cutoff(pattern: re.Pattern[str], file_name: str) -> date | None:
    match = pattern.fullmatch(file_name)
    try:
        return date.fromisoformat(match[1]) if match else None
    except ValueError:
        raise KvalitetError(
            "A delivered file's name states a cut-off date that does not exist.", "Rename the file in the inbox."
        ) from None
