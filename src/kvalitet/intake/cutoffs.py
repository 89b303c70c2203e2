"""Whether a delivery's own cut-off can be right: never later than today, near what was due, not of another age."""

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
    """What a cut-off is held against: the day by the database server's clock, the source's newest cut-off, and on
    which day that came in. Both are None for a source that never delivered.

    `is_known`: the delivery was in before, so that its cut-off was in order then, or somebody let it in.
    """

    today: date
    newest: date | None
    since: date | None
    is_known: bool = False

    def after(self, delivery: Delivery) -> "Standing":
        """As it is once `delivery` is in, too. What lies in an inbox may be the nights of a long silence."""
        return self if self.newest is None else replace(self, newest=delivery.cutoff)


def standing(settings: Settings, contract: Contract) -> Standing:
    """How the source stands now."""
    with connect(settings, LOADER) as connection:
        row = connection.execute(NEWEST, [contract.id]).fetchone()
        since = row["began_at"].astimezone(TIMEZONE).date() if row else None
        return Standing(today(connection), row["cutoff_date"] if row else None, since)


def judged(contract: Contract, delivery: Delivery, before: Standing, jump_allowed: ByAndWhy | None) -> Delivery:
    """The delivery with its `refusal`, where its cut-off cannot be right and nobody lets it in.

    All that waits at a source's first delivery is its history: no rhythm is known yet, but each cut-off of it, as of
    every older delivery, is held against the clock.
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
    """A cut-off goes on with the days: by as many as have passed since the newest came in, and some more.

    What is about today is in order, however long the source was silent or how old its history is.
    """
    if before.newest is None or before.since is None:
        return False
    ahead = (cutoff - before.newest).days - max((before.today - before.since).days, 0)
    return min(ahead, (before.today - cutoff).days) > contract.max_jump_days


def _is_of_another_age(contract: Contract, cutoff: date, before: Standing) -> bool:
    """What begins a source's history, or goes beside it, is of the last years. What goes on from there is no older."""
    begins = before.newest is None or cutoff < before.newest
    return begins and (before.today - cutoff).days > contract.max_age_days


def is_left_behind(settings: Settings, contract: Contract, load_id: int) -> bool:
    """Whether a delivery came in after that load was refused or withdrawn, so that its files only lie there still."""
    with connect(settings, LOADER) as connection:
        row = connection.execute(
            "select from audit.load_in_use where source_id = %s and load_id > %s and origin <> 'restored' limit 1",
            [contract.id, load_id],
        ).fetchone()
    return row is not None
