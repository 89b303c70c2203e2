"""Checks a delivery's own cut-off: never later than today, near what was due, and not too old."""

from dataclasses import dataclass, replace
from datetime import date

from kvalitet.clock import today
from kvalitet.contracts import Contract
from kvalitet.errors import DeliveryRefused
from kvalitet.intake.allowed import ByAndWhy
from kvalitet.intake.deliveries import Delivery
from kvalitet.settings import LOADER, TIMEZONE, Settings
from kvalitet.warehouse.connection import connect

NEWEST = """
select cutoff_date, min(started_at) as began_at from audit.load_in_use where source_id = %s
group by cutoff_date order by cutoff_date desc limit 1
"""


@dataclass(frozen=True)
class Standing:
    """What a cut-off is compared with: today by the database server's clock, and the source's newest cut-off.

    `since` is the day on which the newest one came in. Both are None for a source that never delivered. `is_known`: the
    delivery came in before, so its cut-off was in order then, or somebody let it in.
    """

    today: date
    newest: date | None
    since: date | None
    is_known: bool = False

    def after(self, delivery: Delivery) -> "Standing":
        """The standing once `delivery` is in. An inbox may hold several nights' deliveries after a long silence."""
        return self if self.newest is None else replace(self, newest=delivery.cutoff)


def standing(settings: Settings, contract: Contract) -> Standing:
    """The source's standing now."""
    with connect(settings, LOADER) as connection:
        row = connection.execute(NEWEST, [contract.id]).fetchone()
        since = row["began_at"].astimezone(TIMEZONE).date() if row else None
        return Standing(today(connection), row["cutoff_date"] if row else None, since)


def judged(contract: Contract, delivery: Delivery, before: Standing, jump_allowed: ByAndWhy | None) -> Delivery:
    """The delivery, with a `refusal` where its cut-off cannot be right and nobody lets it in.

    Everything that waits at a source's first delivery is its history, since no rhythm is known yet. Each of its
    cut-offs, like that of every older delivery, is still compared with the clock.
    """
    refusal = None
    if (delivery.cutoff - before.today).days > contract.max_days_ahead:
        refusal = DeliveryRefused(
            f"Delivery {delivery.name} states a cut-off later than today;"
            f" the contract allows {contract.max_days_ahead} days (maxDaysAhead).",
            f"{_mend(contract)}. Where the clock was wrong, set it; then {_let_in(contract)} looks at it again.",
        )
    elif before.is_known or jump_allowed:
        pass
    elif _jumps(contract, delivery.cutoff, before):
        refusal = DeliveryRefused(
            f"Delivery {delivery.name} states a cut-off more than {contract.max_jump_days} days (maxJumpDays) ahead of"
            " what was due since the newest delivery.",
            f"{_mend(contract)}. If it is right, let it in by name and reason: {_let_in(contract)}.",
        )
    elif _is_of_another_age(contract, delivery.cutoff, before):
        refusal = DeliveryRefused(
            f"Delivery {delivery.name} states a cut-off more than {contract.max_age_days} days (maxAgeDays) before"
            " today.",
            f"{_mend(contract)}. If it is right, let it in by name and reason: {_let_in(contract)}.",
        )
    return replace(delivery, refusal=refusal)


def _mend(contract: Contract) -> str:
    return "Ask the source which day it means" if contract.location else "Rename its files to the cut-off they have"


def _let_in(contract: Contract) -> str:
    return f"`kvalitet extract {contract.id} --allow-jump 'name: reason'`"


def _jumps(contract: Contract, cutoff: date, before: Standing) -> bool:
    """Whether the cut-off is further ahead of the newest one than the days since that came in, plus maxJumpDays.

    A cut-off close to today is in order, however long the source was silent or however old its history is.
    """
    if before.newest is None or before.since is None:
        return False
    ahead = (cutoff - before.newest).days - max((before.today - before.since).days, 0)
    return min(ahead, (before.today - cutoff).days) > contract.max_jump_days


def _is_of_another_age(contract: Contract, cutoff: date, before: Standing) -> bool:
    """Whether a cut-off that begins a source's history, or is older than its newest, is more than maxAgeDays old.

    A later cut-off is never older than these, so it is not checked.
    """
    begins = before.newest is None or cutoff < before.newest
    return begins and (before.today - cutoff).days > contract.max_age_days


def is_left_behind(settings: Settings, contract: Contract, load_id: int) -> bool:
    """Whether a delivery came in after that load was refused or withdrawn, so that its files are only left over."""
    with connect(settings, LOADER) as connection:
        row = connection.execute(
            "select from audit.load_in_use where source_id = %s and load_id > %s and origin <> 'restored' limit 1",
            [contract.id, load_id],
        ).fetchone()
    return row is not None
