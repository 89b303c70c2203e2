"""How much of a table a delivery may change or close."""

from kvalitet.errors import DeliveryRefused
from kvalitet.intake.looks import renumbered, what_changed
from kvalitet.intake.table_load import TableLoad

#: A share of fewer rows says nothing.
LEAST_ROWS = 20


def check_changes(load: TableLoad) -> None:
    """Raises DeliveryRefused where more known rows are changed, or have new keys, than the contract allows."""
    changed, new, accepted = load.row(
        "select count(*) filter (where open_version is not null and not is_reread),"
        " count(*) filter (where open_version is null and not is_reread),"
        " (select count(*) from {incoming} where problems is null)"
        " from {diff} where arrived is not null and not is_set_aside"
    )
    limit, known = load.contract.max_changed_percent, accepted - new
    if known >= LEAST_ROWS and 100 * changed > limit * known:
        raise DeliveryRefused(
            f"{load.file_name} would change {changed} of {known} known rows ({100 * changed / known:.1f} %) of"
            f" {load.table.name}; the contract allows {limit:g} %. {what_changed(load, changed)}",
            _ask(load, "changes"),
        )
    if not load.table.is_increment and accepted >= LEAST_ROWS and 100 * new > limit * accepted:
        moved = renumbered(load)
        if moved >= LEAST_ROWS and 100 * moved > limit * accepted:
            raise DeliveryRefused(
                f"{load.file_name}: {moved} of {accepted} rows of {load.table.name} have another key than before and"
                f" hold the same otherwise ({100 * moved / accepted:.1f} %; the contract allows {limit:g} %)."
                " It looks as if the source was renumbered.",
                _ask(load, "changes"),
            )


def check_closures(load: TableLoad, closed: int, before: int) -> None:
    """Raises DeliveryRefused where more rows are closed than the contract allows."""
    percent = 100 * closed / before if before else 0.0
    if percent <= load.contract.max_closed_percent:
        return
    moved = renumbered(load)
    raise DeliveryRefused(
        f"{load.file_name} would close {closed} of {before} rows ({percent:.1f} %) of {load.table.name};"
        f" the contract allows {load.contract.max_closed_percent:g} %."
        + (f" {moved} of the new rows hold what a closed key held: was the source renumbered?" if moved else ""),
        _ask(load, "closures"),
    )


def _ask(load: TableLoad, what: str) -> str:
    source = load.contract.id
    asked, command = {
        "closures": (
            "whether the delivery is whole",
            f"`kvalitet extract {source} --allow-closures 'name: reason'`",
        ),
        "changes": (
            "whether it was renumbered, or is filled otherwise than before",
            f"`kvalitet extract {source} --allow-changes 'name: reason'`",
        ),
    }[what]
    return f"Ask the source {asked}. If the {what} are right, let them in by name and reason: {command}."
