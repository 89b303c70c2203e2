"""The events that people must be told, read anew each time from the records and the waivers file.

Nothing is remembered here between two calls. audit.alert holds who was told of which event. An event holds only counts,
ids, sentences of our own suites, and messages that are free of delivered values.
"""

from dataclasses import dataclass
from datetime import date, datetime
from hashlib import sha256
from typing import Any

from kvalitet.build.builds import BEGUN_AGAIN
from kvalitet.clock import wrong_clock
from kvalitet.contracts import load_contracts
from kvalitet.errors import KvalitetError
from kvalitet.reports import danish
from kvalitet.settings import GATE, TIMEZONE, Settings
from kvalitet.timetable.waiting import late_sources
from kvalitet.warehouse.connection import fetch_all

#: How many days before its last day a waiver is announced. The later announcement is a reminder.
WAIVER_DAYS = (14, 3)


@dataclass(frozen=True)
class Finding:
    """A check that stopped a build: what must hold, how many of how many rows did not, and what to do."""

    check_id: str
    sentence: str
    measured: str
    allowed: str
    advice: str


@dataclass(frozen=True)
class Event:
    """One thing to tell, in Danish with a line of English. `key` identifies it, so that each channel is told once."""

    key: str
    title: str
    text: str
    advice: str
    english: str
    link: str
    findings: tuple[Finding, ...] = ()


def of_the_night(settings: Settings) -> list[Event]:
    """Builds held back or broken off, deliveries refused, a wrong clock. What is older than three days is left out."""
    return [*_held_back(settings), *_broken_off(settings), *_refused(settings), *_wrong_clock(settings)]


def of_the_morning(settings: Settings, now: datetime) -> list[Event]:
    """The events of the night, promised deliveries that have not come, and waivers that end. `now` has a time zone."""
    today = now.astimezone(TIMEZONE).date()
    return [*of_the_night(settings), *_missing(settings, now), *_ending_waivers(settings, today)]


def _held_back(settings: Settings) -> list[Event]:
    events = []
    for build in fetch_all(settings, GATE, HELD_BACK):
        number, published = build["build_id"], build["publication_id"]
        findings = tuple(_finding(row) for row in fetch_all(settings, GATE, BLOCKING, {"build_id": number}))
        kept = f"Læserne ser fortsat publikation {published}." if published else "Der er endnu intet offentliggjort."
        stopped = f"{len(findings)} {'kontrol' if len(findings) == 1 else 'kontroller'}"
        events.append(
            Event(
                key=f"held_back/{number}",
                title=f"Natten er holdt tilbage: bygning {number} pr. {danish.day(build['as_of_date'])}",
                text=f"{stopped} stoppede offentliggørelsen. {kept}",
                advice="Ret leveringen eller reglen, og start `indicators` igen (runbook: The gate held a build back).",
                english=f"Build {number} was held back by {len(findings)} checks; readers keep what they have.",
                link=settings.page_address(f"build-{number}/validering.html"),
                findings=findings,
            )
        )
    return events


def _finding(row: dict[str, Any]) -> Finding:
    found, of = row["violations"], row["denominator"]
    if row["status"] == "error":
        measured = f"kunne ikke måles: {row['detail'] or 'uden nærmere grund'}"
    elif found is None or not of:
        measured = row["detail"] or "der var intet at måle"
    else:
        measured = f"{danish.number(found)} af {danish.number(of)} ({danish.share(found, of)})"
    return Finding(row["check_id"], row["description"], measured, row["threshold"] or "ingen", row["advice_engineer"])


def _broken_off(settings: Settings) -> list[Event]:
    return [
        Event(
            key=f"broken_off/{row['build_id']}",
            title=f"Natten brød af: bygning {row['build_id']} pr. {danish.day(row['as_of_date'])}",
            text=f"Systemets besked: {row['message'] or 'ingen'}",
            advice="Læserne ser fortsat det, de havde. Se den røde opgave i Airflow og runbook, The night is red.",
            english=f"Build {row['build_id']} broke off; readers keep what they have.",
            link=settings.page_address("index.html"),
        )
        for row in fetch_all(settings, GATE, BROKEN_OFF, {"begun_again": BEGUN_AGAIN})
    ]


def _refused(settings: Settings) -> list[Event]:
    contracts = load_contracts(settings)
    events = []
    for row in fetch_all(settings, GATE, REFUSED):
        contract = contracts.get(row["source_id"])
        ask = contract.support or contract.owner if contract else None
        events.append(
            Event(
                key=f"refused/{row['load_id']}",
                title=f"Levering afvist: {contract.title if contract else row['source_id']}, {row['delivery']}",
                text=f"Intet af den er taget ind; de sidste gode data bruges. Systemets besked: {row['reason']}",
                advice=f"Bed {ask or 'kilden'} om en ny fil med samme opgørelsesdag.",
                english=f"The delivery {row['delivery']} of {row['source_id']} was refused as a whole.",
                link=settings.page_address(f"kilde/{row['source_id']}.html"),
            )
        )
    return events


def _wrong_clock(settings: Settings) -> list[Event]:
    found = wrong_clock(settings, GATE)
    if not found:
        return []
    today = datetime.now(TIMEZONE).date()
    return [
        Event(
            key=f"clock/{today}",
            title="Et ur går forkert",
            text=f"Natten er ikke stoppet af det. Systemets besked: {found}",
            advice="Ret uret, og se, hvorfor det ikke bliver stillet (runbook: The clock is wrong).",
            english=found,
            link=settings.page_address("index.html"),
        )
    ]


def _missing(settings: Settings, now: datetime) -> list[Event]:
    contracts = load_contracts(settings)
    events = []
    for source, late in sorted(late_sources(settings, contracts, now).items()):
        if late.outcome == "refused":
            continue  # told as a refused delivery
        contract = contracts[source]
        events.append(
            Event(
                key=f"missing/{source}/{late.since}",
                title=f"Levering mangler: {contract.title}",
                text=f"De sidste gode data bruges og er mærket som forældede. Systemets besked: {late.reason}",
                advice=f"Spørg {contract.support or contract.owner or 'kilden'}; når den er kommet, start"
                f" `extract__{source}` og derefter `indicators`.",
                english=f"{source} did not deliver as promised.",
                link=settings.page_address(f"kilde/{source}.html"),
            )
        )
    return events


def _ending_waivers(settings: Settings, today: date) -> list[Event]:
    from kvalitet.gate.loading import load_suites
    from kvalitet.gate.suites import SuiteInvalid
    from kvalitet.gate.waivers import load_waivers

    try:
        waivers = load_waivers(settings.waivers_file, load_suites(settings))
    except SuiteInvalid as error:
        return [_unusable_expectations(settings, error)]
    events = []
    for check_id, waiver in waivers.items():
        left = (waiver.expires_on - today).days
        stage = "ended" if left < 0 else min((days for days in WAIVER_DAYS if left <= days), default=None)
        if stage is None:
            continue
        when = danish.day(waiver.expires_on)
        ends = f"ophørte efter {when}" if left < 0 else f"ophører efter {when} ({_in_days(left)})"
        events.append(
            Event(
                key=f"waiver/{check_id}/{waiver.expires_on}/{stage}",
                title=f"Dispensation {'er ophørt' if left < 0 else 'ophører snart'}: {check_id}",
                text=f"Dispensationen, som {waiver.decided_by} gav {danish.day(waiver.decided_on)}, {ends}."
                f" Herefter holder kontrollen igen natten tilbage, hvis den fejler. Grunden var: {waiver.reason}",
                advice="Ret årsagen, eller lad den ansvarlige forny eller fjerne den i waivers.yaml.",
                english=f"The waiver of {check_id} {'ended' if left < 0 else 'ends'} after {waiver.expires_on}.",
                link=settings.page_address(f"kontrol/{check_id}.html"),
            )
        )
    return events


def _unusable_expectations(settings: Settings, error: KvalitetError) -> Event:
    """The event that the expectations cannot be used, so that the morning's other events are told all the same."""
    return Event(
        key=f"expectations/{sha256(str(error).encode()).hexdigest()[:12]}",
        title="Kontroller og dispensationer kan ikke læses",
        text=f"Så længe det er sådan, bliver ingen nat offentliggjort. Systemets besked: {error.what}",
        advice="Ret filen i expectations/, og start `indicators` igen.",
        english="The suites or waivers cannot be read; no night is published until they are mended.",
        link=settings.page_address("index.html"),
    )


def _in_days(left: int) -> str:
    return {0: "i dag", 1: "i morgen"}.get(left, f"om {left} dage")


HELD_BACK = """
select build_id, as_of_date,
    (select publication_id from audit.publication_event order by event_id desc limit 1) as publication_id
from audit.build
where status = 'held_back' and kind = 'night' and finished_at > clock_timestamp() - interval '3 days'
order by build_id
"""

BLOCKING = """
select check_id, status, violations, denominator, threshold, description, detail, advice_engineer
from audit.newest_check_result as result
where build_id = %(build_id)s and severity = 'critical' and status in ('failed', 'error')
    and not exists (
        select from audit.check_waiver as waiver
        where waiver.judgement_id = result.judgement_id and waiver.check_id = result.check_id and waiver.is_used
    )
order by check_id
"""

BROKEN_OFF = """
select build_id, as_of_date, message from audit.build
where status in ('failed', 'lapsed') and kind = 'night' and message is distinct from %(begun_again)s
    and finished_at > clock_timestamp() - interval '3 days'
order by build_id
"""

REFUSED = """
select load_id, source_id, delivery, reason from audit.load as refused
where outcome = 'refused' and finished_at > clock_timestamp() - interval '3 days'
    and not exists (
        select from audit.load as mended
        where mended.source_id = refused.source_id and mended.delivery = refused.delivery
            and mended.outcome = 'accepted' and abs(mended.load_id) > refused.load_id
    )
order by load_id
"""
