"""Sends the events that are due, each event once per channel."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import TypeVar

import psycopg
from psycopg.rows import DictRow

from kvalitet.alerts.channels import Channel, channels
from kvalitet.alerts.events import Event, Finding, of_the_morning, of_the_night
from kvalitet.alerts.failed import SEE, AlertFailed
from kvalitet.alerts.message import compose
from kvalitet.errors import KvalitetError
from kvalitet.settings import GATE, Settings
from kvalitet.spelling.identity import mask
from kvalitet.warehouse.connection import connect

T = TypeVar("T")


def send(settings: Settings, morning: bool = False) -> dict[str, list[str]]:
    """Send the events that are due and not yet told: the night's, and with `morning` also late sources and waivers.

    Returns by channel the keys of the events that were told now. Returns nothing where no channel is set up. Raises
    AlertFailed where a channel fails, after the others were tried.
    """
    found = channels()
    if not found:
        return {}
    events = of_the_morning(settings, datetime.now(UTC)) if morning else of_the_night(settings)
    return _on_each(found, lambda channel: tell(settings, channel, events))


def send_test(settings: Settings) -> list[str]:
    """Send a message that says it is a test on every channel. It is not recorded. Returns the channels' names.

    Raises KvalitetError where no channel is set up, AlertFailed where one fails.
    """
    found = channels()
    if not found:
        raise KvalitetError("No alerts are set up: neither KVALITET_ALERT_SMTP nor KVALITET_ALERT_WEBHOOK.", SEE)
    message = compose([_example(settings)], settings.administration.title)
    return list(_on_each(found, lambda channel: channel.send(message)))


def tell(settings: Settings, channel: Channel, events: Sequence[Event]) -> list[str]:
    """Tell the channel the events that it was not told yet. Returns their keys.

    An event is noted first, then sent, then committed. Of two senders at once, the second waits at the first one's note
    and then finds the event told. Where a sender is killed or fails on the way, nothing is noted and the next occasion
    tells the event. So each event is told at least once. It is told twice only where the sender is killed between the
    other side's acceptance and the commit, which are some milliseconds apart.
    """
    if not events:
        return []
    with connect(settings, GATE) as connection:
        # All senders use the same order, so that two of them never wait for each other.
        new = {event.key for event in sorted(events, key=lambda event: event.key) if _note(connection, channel, event)}
        if new:
            told = [event for event in events if event.key in new]
            channel.send(compose(told, settings.administration.title))
    return sorted(new)


def _note(connection: psycopg.Connection[DictRow], channel: Channel, event: Event) -> bool:
    noted = connection.execute(
        "insert into audit.alert (event, channel, title) values (%s, %s, %s) on conflict do nothing",
        [event.key, channel.name, mask(event.title)],
    )
    return noted.rowcount == 1


def _on_each(found: list[Channel], step: Callable[[Channel], T]) -> dict[str, T]:
    done: dict[str, T] = {}
    failed: list[KvalitetError] = []
    for channel in found:
        try:
            done[channel.name] = step(channel)
        except KvalitetError as error:
            failed.append(error)
    if failed:
        raise AlertFailed(" ".join(error.what for error in failed), failed[0].remedy)
    return done


def _example(settings: Settings) -> Event:
    return Event(
        key="test",
        title="Prøve: sådan ser en besked ud",
        text="Der er ikke sket noget. Beskeden er sendt med `kvalitet alert test`.",
        advice="Intet.",
        english="This is a test; nothing has happened.",
        link=settings.page_address("index.html"),
        findings=(
            Finding(
                check_id="eksempel_paa_en_kontrol",
                sentence="Hver klage har et center, som fandtes på modtagelsesdagen.",
                measured="12 af 6.000 (0,2 %)",
                allowed="ingen",
                advice="Se efter, om organisationskilden mangler et center.",
            ),
        ),
    )
