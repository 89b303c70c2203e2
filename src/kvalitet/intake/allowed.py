"""Who lets a delivery in against one of its contract's limits, and why."""

from dataclasses import dataclass

from kvalitet.errors import KvalitetError
from kvalitet.warehouse.kept_text import without_number

#: A name and a reason. Both are kept with the load.
ByAndWhy = tuple[str, str]


@dataclass(frozen=True)
class Allowed:
    """Names and reasons of those who let a delivery in against a limit of its contract.

    `closures` and `changes` are for more of them than the contract allows, `jump` for a cut-off far from what was due.
    """

    closures: ByAndWhy | None = None
    changes: ByAndWhy | None = None
    jump: ByAndWhy | None = None

    @classmethod
    def named(
        cls, closures: ByAndWhy | None = None, changes: ByAndWhy | None = None, jump: ByAndWhy | None = None
    ) -> "Allowed":
        """Check names and reasons. Raises KvalitetError where one is empty, holds a personal number or cannot be kept.

        The error does not repeat them.
        """
        return cls(_told(closures, "closures"), _told(changes, "changes"), _told(jump, "a jump"))

    def __bool__(self) -> bool:
        return bool(self.closures or self.changes or self.jump)


def _told(given: ByAndWhy | None, what: str) -> ByAndWhy | None:
    if given is None:
        return None
    by, why = (text or "" for text in given)
    if not by.strip() or not why.strip():
        raise KvalitetError(
            f"Letting in {what} needs who and why.",
            f"Write it as --allow-{what} 'name: reason'; in Airflow, fill {what}_allowed_by and {what}_allowed_reason.",
        )
    return without_number(by, f"Who lets in {what}"), without_number(why, f"Why to let in {what}")
