"""Older snapshots of the case lists: the first night's, without everything that happened after the cut-off."""

import csv
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from kvalitet_example.files import write_danish_csv
from kvalitet_example.plan import Plan
from kvalitet_example.sources import SOURCES


@dataclass(frozen=True)
class Memory:
    """How a list looks back. `begins` names the date from which a row exists.

    Each date in `told` set the columns named under it, which held something else before (empty, or the text given).
    """

    begins: str
    told: dict[str, dict[str, str]] = field(default_factory=dict)


INVESTIGATIONS = Memory("Indledt", {"Afsluttet": {"Konklusion": "", "Førte til tiltag": ""}})
RECOMMENDATIONS = Memory("Afgivet", {"Lukket": {"Status": "åben"}})
#: contract -> the encoding of its files, and the memory of each list by the first part of its file name
LOOKS_BACK: dict[str, tuple[str, dict[str, Memory]]] = {
    "borgerraadgiver_cases": (
        "utf-8-sig",
        {
            "sager": Memory("Modtaget", {"Afsluttet": {"Udfald": ""}, "Henvist": {}}),
            "undersoegelser": INVESTIGATIONS,
            "anbefalinger": RECOMMENDATIONS,
            "fokus": Memory("Offentliggjort"),
        },
    ),
    "court_cases": ("windows-1252", {"retssager": Memory("Anlagt", {"Afsluttet": {"Udfald": ""}})}),
    "parliament_ombudsman": (
        "iso-8859-1",
        {
            "ombudsmandssager": Memory("Modtaget", {"Afsluttet": {"Behandling": "", "Kritik": ""}, "Oversendt": {}}),
            "undersoegelser": INVESTIGATIONS,
            "henstillinger": RECOMMENDATIONS,
        },
    ),
}


def deliver_case_lists(out: Path, plan: Plan, cutoff: date) -> list[Path]:
    """Write the lists as they were on `cutoff`. A source with an empty list delivers nothing."""
    paths: list[Path] = []
    for contract, (encoding, memories) in LOOKS_BACK.items():
        with TemporaryDirectory() as folder:
            lists = {
                file.name.partition("_")[0]: _read(file, encoding)
                for file in SOURCES[contract].deliver(Path(folder), plan, 1)
            }
        known = {name: known_on(cutoff, memories[name], rows) for name, rows in lists.items()}
        if all(known.values()):
            paths += [
                write_danish_csv(
                    out / contract / f"{name}_{cutoff}.csv",
                    list(rows[0]),
                    [list(row.values()) for row in rows],
                    encoding,
                )
                for name, rows in known.items()
            ]
    return paths


def known_on(cutoff: date, memory: Memory, rows: list[dict[str, str]]) -> list[dict[str, str]]:
    """The rows that had begun by then, without later facts. A date that cannot be read is left as it is."""
    known = []
    for row in rows:
        if _lies_ahead(row[memory.begins], cutoff):
            continue
        for column, before in memory.told.items():
            if _lies_ahead(row[column], cutoff):
                row = row | {column: ""} | before
        known.append(row)
    return known


def _lies_ahead(text: str, cutoff: date) -> bool:
    try:
        return datetime.strptime(text, "%d-%m-%Y").date() >= cutoff  # noqa: DTZ007 (a day has no zone)
    except ValueError:
        return False


def _read(file: Path, encoding: str) -> list[dict[str, str]]:
    with file.open(encoding=encoding, newline="") as lines:
        return list(csv.DictReader(lines, delimiter=";"))
