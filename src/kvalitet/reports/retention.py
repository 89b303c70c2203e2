"""Which publications keep their many and large pages of figures, and what is removed of the others."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from kvalitet.reports.auditing import LISTS
from kvalitet.reports.model import Entry, Publication
from kvalitet.reports.pages import COMPARED, FIGURES, VALIDATION

#: What an old publication no longer has: the pages of figures, and the lists that are packed by then. As in a shell.
REMOVED = (*(page.file for page in FIGURES), COMPARED, *LISTS)


def keeping(entries: Iterable[Entry], newest: int, current: int | None) -> frozenset[int]:
    """The publications that keep their pages of figures: the `newest` by number, and the `current` one of readers."""
    numbers = sorted((entry.publication.publication_id for entry in entries if entry.publication), reverse=True)
    return frozenset(number for number in (*numbers[:newest], current) if number)


def is_old(publication: Publication | None, kept: frozenset[int]) -> bool:
    """Whether it is a publication whose pages of figures are not kept."""
    return publication is not None and publication.publication_id not in kept


def due(site: Path, entries: Iterable[Entry], kept: frozenset[int], current: int | None) -> list[Entry]:
    """The publications to be written anew.

    They are old ones of which there is something to remove, and the `current` one where pages of figures are missing,
    because it was old until readers were given it back.
    """

    def is_due(entry: Entry) -> bool:
        folder = site / entry.folder
        if is_old(entry.publication, kept):
            return any(_left(folder))
        is_current = entry.publication is not None and entry.publication.publication_id == current
        written = is_current and (folder / VALIDATION.file).is_file()
        return written and not all((folder / page.file).is_file() for page in FIGURES)

    return [entry for entry in entries if is_due(entry)]


def remove(folder: Path) -> None:
    """Remove what an old publication no longer has. Links to it must be gone by then."""
    for file in list(_left(folder)):
        file.unlink(missing_ok=True)


def _left(folder: Path) -> Iterator[Path]:
    return (file for name in REMOVED for file in folder.glob(name))
