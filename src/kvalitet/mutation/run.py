"""The whole run: one good candidate, every mutation at every size, and the clean nights, on a server of its own."""

import multiprocessing
import os
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import psycopg

from kvalitet.build.code_version import code_version
from kvalitet.errors import KvalitetError
from kvalitet.gate import Verdict
from kvalitet.mutation.incident_trials import Tried, try_delivered, try_in_candidate
from kvalitet.mutation.incidents import Incident
from kvalitet.mutation.nights import Night, clean_nights
from kvalitet.mutation.place import keep_copy, own_folders, own_installation
from kvalitet.mutation.registry import Mutation, Size
from kvalitet.mutation.trials import Deliveries, Trial, build_all, judge, take_in, try_candidate, try_delivery
from kvalitet.publication import publish
from kvalitet.sample import find_sample
from kvalitet.settings import TIMEZONE, Settings
from kvalitet.warehouse import server

SEED, COMPLAINTS = 2019, 2000
Say = Callable[[str], None]


@dataclass(frozen=True)
class GoodNights:
    """Two nights in order. `published` holds the first. `candidate` also holds the second, built but not judged.

    `clean` is the gate's verdict on the unspoilt candidate, which passed.
    """

    published: Settings
    candidate: Settings
    build_id: int
    clean: Verdict
    deliveries: Deliveries


@contextmanager
def good_nights(installation: Settings, deliveries: Deliveries) -> Iterator[GoodNights]:
    """Make the nights in an installation. Raises KvalitetError where the gate does not let the good candidate pass."""
    with ExitStack() as places:
        published = places.enter_context(
            own_folders(keep_copy(installation, installation.database, "published"), "published")
        )
        deliveries.write(_inbox(published), 1)
        take_in(published)
        first = build_all(published, "mutation: the night before")
        _must_pass(judge(published, first.build_id))
        publish(published, first.build_id)
        candidate = places.enter_context(own_folders(keep_copy(published, "published", "candidate"), "candidate"))
        deliveries.write(_inbox(candidate), 2)
        take_in(candidate)
        second = build_all(candidate, "mutation: the good candidate")
        judged = places.enter_context(own_folders(keep_copy(candidate, "candidate", "judged"), "judged"))
        clean = judge(judged, second.build_id, candidate.var / "dbt" / "target" / "manifest.json")
        yield GoodNights(published, candidate, second.build_id, _must_pass(clean), deliveries)


def run_mutations(of: Settings, mutations: list[Mutation], workers: int, say: Say) -> dict[str, Any]:
    """Run every mutation at every size through the gate. Returns the results, with what they were found with."""
    began = datetime.now(TIMEZONE)
    trials: list[Trial] = []
    with own_installation(of) as installation, ExitStack() as places:
        say("Two good nights")
        good = places.enter_context(good_nights(installation, Deliveries(_sample(of), SEED, COMPLAINTS)))
        pool = places.enter_context(_pool(workers))
        # Trials that take a minute come first: one that cannot be tried is known at once, and the end is short.
        ordered = sorted(
            ((mutation, size) for mutation in mutations for size in mutation.sizes),
            key=lambda trial: trial[0].kind == "candidate",
        )
        for trial in _each(pool, [(_try, (good, mutation, size)) for mutation, size in ordered], say):
            trials.append(trial)
            caught = ", ".join(trial.critical[:3] or trial.warnings[:3]) or "nothing caught it"
            say(f"{len(trials)} of {len(ordered)}: {trial.mutation} ({trial.size}) {trial.outcome}: {caught}")
        facts = _facts(installation, began) | {
            "seed": SEED, "complaints": COMPLAINTS, "planned": len(ordered), "checks": len(good.clean.results),
            "clean_warnings": sorted(result.check_id for result in good.clean.warnings),
        }  # fmt: skip
    order = {mutation.id: number for number, mutation in enumerate(mutations)}
    trials.sort(key=lambda trial: (order[trial.mutation], trial.rows))
    return facts | {"trials": [vars(trial) | {"outcome": trial.outcome} for trial in trials]}


def run_incidents(of: Settings, incidents: list[Incident], workers: int, say: Say) -> dict[str, Any]:
    """Let every incident happen once. Returns what became of each, in the order written."""
    began = datetime.now(TIMEZONE)
    tried: list[Tried] = []
    with own_installation(of) as installation, ExitStack() as places:
        say("Two good nights")
        good = places.enter_context(good_nights(installation, Deliveries(_sample(of), SEED, COMPLAINTS)))
        pool = places.enter_context(_pool(workers))
        for one in _each(pool, [(_try_incident, (good, incident)) for incident in incidents], say):
            tried.append(one)
            caught = ", ".join(one.critical[:3] or one.warnings[:3]) or "nothing caught it"
            moved = f"{one.moved.figures} figures moved" if one.moved else "no figure moved"
            say(f"{len(tried)} of {len(incidents)}: {one.incident} {one.outcome}: {caught} ({moved})")
        facts = _facts(installation, began) | {
            "seed": SEED, "complaints": COMPLAINTS, "planned": len(incidents), "checks": len(good.clean.results),
        }  # fmt: skip
    order = {incident.id: number for number, incident in enumerate(incidents)}
    tried.sort(key=lambda one: order[one.incident])
    return facts | {"incidents": [asdict(one) for one in tried]}


def run_nights(of: Settings, seeds: int, nights_each: int, workers: int, say: Say) -> dict[str, Any]:
    """Run clean nights of `seeds` municipalities. Returns the gate's result for each."""
    began = datetime.now(TIMEZONE)
    nights: list[Night] = []
    with own_installation(of) as installation, _pool(workers) as pool:
        municipalities = [Deliveries(_sample(of), SEED + number, COMPLAINTS) for number in range(seeds)]
        calls = [(clean_nights, (installation, one, nights_each, f"nights_{one.seed}")) for one in municipalities]
        for found in _each(pool, calls, say):
            nights += found
            held = [night for night in found if night.critical]
            said = f"held back: {', '.join(held[0].critical)}" if held else "no critical failure"
            say(f"{len(nights)} of {seeds * nights_each} nights: seed {found[0].seed}, {said}")
        facts = _facts(installation, began) | {"complaints": COMPLAINTS, "planned": seeds * nights_each}
    nights.sort(key=lambda night: (night.seed, night.night))
    return facts | {"nights": [vars(night) for night in nights]}


def _sample(settings: Settings) -> str:
    """The name of the sample to spoil. Raises KvalitetError where the administration has none."""
    name = settings.administration.stated.sample
    if name is None:
        raise KvalitetError(
            "There are no sample deliveries to spoil.", "Name their maker in administration.yaml, under `sample`."
        )
    find_sample(name)
    return name


def _try(good: GoodNights, mutation: Mutation, size: Size) -> Trial:
    name = f"trial_{os.getpid()}"
    if mutation.kind == "candidate":
        return try_candidate(good.candidate, good.build_id, good.clean, mutation, size, name)
    return try_delivery(good.published, good.clean, mutation, size, name, good.deliveries)


def _try_incident(good: GoodNights, incident: Incident) -> Tried:
    name = f"trial_{os.getpid()}"
    if incident.delivery:
        return try_delivered(good.published, good.candidate, good.clean, incident, name, good.deliveries)
    return try_in_candidate(good.candidate, good.build_id, good.clean, incident, name)


@contextmanager
def _pool(workers: int) -> Iterator[ProcessPoolExecutor]:
    """Worker processes, because dbt and Great Expectations each hold one project or context per process."""
    pool = ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn"))
    try:
        yield pool
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _each(pool: ProcessPoolExecutor, calls: list[tuple[Callable, tuple]], say: Say) -> Iterator[Any]:
    """Results in the order they come. The first failure is raised. An interrupted run ends with what it has."""
    futures: list[Future] = [pool.submit(function, *arguments) for function, arguments in calls]
    try:
        for future in as_completed(futures):
            yield future.result()
    except KeyboardInterrupt:
        say("Interrupted: what was found so far is the result.")


def _facts(installation: Settings, began: datetime) -> dict[str, Any]:
    with psycopg.connect(server.admin_url(installation)) as admin:
        row = admin.execute("show server_version").fetchone()
    now = datetime.now(TIMEZONE)
    return {
        "measured_at": began.isoformat(timespec="seconds"),
        "minutes": round((now - began).total_seconds() / 60, 1),
        "code_version": _code_version(installation),
        "software": {
            "postgres": row[0] if row else "unknown",
            **{name: version(name) for name in ("great_expectations", "dbt-core", "dbt-postgres")},
        },
    }


def _code_version(installation: Settings) -> str:
    """The commit itself, although all builds of a run record the same mark."""
    stated = os.environ.pop("KVALITET_CODE_VERSION", None)
    try:
        return code_version(installation)
    finally:
        if stated:
            os.environ["KVALITET_CODE_VERSION"] = stated


def _must_pass(verdict: Verdict) -> Verdict:
    if not verdict.passed:
        raise KvalitetError(
            f"The gate holds back the good candidate: {verdict.message}",
            "Mend that first: nothing can be learned of mutations while the unspoilt candidate fails.",
        )
    return verdict


def _inbox(settings: Settings) -> Path:
    return Path(settings.inbox.removeprefix("file://"))
