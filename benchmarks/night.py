"""The whole night from the command line, compared with the same star written by hand in plain SQL."""

from collections.abc import Callable
from pathlib import Path

from benchmarks import evidence
from benchmarks.intake import AIM_MEMORY_MB
from benchmarks.measured import Run
from benchmarks.place import FLOOR, ROOT, Place, cutoff
from benchmarks.results import Figures

NIGHTS = {1: "the first", 2: "the next"}
STEPS = ("extract", "begin", "staging", "intermediate", "star", "reports", "finish", "validate", "publish", "report",
         "anchor")  # fmt: skip
SEEDS = tuple(
    Path(folder) / f"seed_{name}.csv"
    for folder, names in {
        "dbt_project/seeds": ("outcome", "complaint_type", "holiday"),
        "example/administration/register": ("law", "theme"),
    }.items()
    for name in names
)
SLOWEST_MODELS = 5

#: Both stars' complaints as one number, and their count. They are equal only where every column of every row is.
COMPLAINTS = "select count(*), sum(hashtextextended(f::text, 0)) from {}.fct_complaint as f"
POINTS = "select count(*), sum(hashtextextended(f::text, 0)) from {}.fct_complaint_point as f"
VALUES = """
select indicator_id, period_kind, period_label, breakdown_kind, breakdown_member, round(value, 10)
from {}.fct_indicator_value
"""
#: The floor knows the centres as they were. It does not know which centre replaced which.
SHOWN = "where source_id = 'klagesager' and breakdown_kind <> 'center_nu' and status not in ('skjult', 'uden_grundlag')"


def measure(place: Place, figures: Figures, say: Callable[[str], None], do_compare: bool = True) -> None:
    """Measure one repeat: two nights, each after the floor of the same deliveries."""
    for night in NIGHTS:
        place.delivery(night)
    place.empty()
    for night, name in NIGHTS.items():
        group = f"Whole night, {name}"
        say(f"{group}: floor")
        place.settle()
        floor = sql_floor(place, night)
        say(f"{group}: kvalitet night")
        place.deliver(night)
        place.settle()
        whole = place.kvalitet("night")
        figures.add(group, "floor: the same star in plain SQL", floor.seconds)
        figures.add(group, "kvalitet night", whole.seconds)
        figures.add(group, "ratio to the floor", whole.seconds / floor.seconds, "×")
        figures.add(group, "peak memory of the night's process", whole.peak_mb, "MB", AIM_MEMORY_MB)
        for step, seconds in step_seconds(whole).items():
            figures.add(f"{group}, step by step", step, seconds)
        for model, seconds in _slowest_models(place):
            figures.add(f"{group}, slowest models", model, seconds)
        if night == 1 and do_compare:
            say("Comparing both stars")
            compare(place)
    evidence.measure(place, figures, say)


def sql_floor(place: Place, night: int) -> Run:
    """Run floor.sql in a folder that holds the night's files under the names it expects."""
    folder = place.folder / f"floor-{night}"
    folder.mkdir(exist_ok=True)
    complaints, points = place.complaint_files(night)
    delivery = place.delivery(night)
    wanted = {
        "klager.csv": complaints,
        "klagepunkter.csv": points,
        "enheder.csv": next((delivery / "organisation").glob("enheder_*.csv")),
        "henvisninger.csv": next((place.delivery(1) / "borgerraadgiver_annual").glob("henvisninger_*.csv")),
    } | {file.name: ROOT / file for file in SEEDS}
    for name, file in wanted.items():
        (folder / name).unlink(missing_ok=True)
        (folder / name).symlink_to(file)
    script = Path(__file__).with_name("floor.sql")
    return place.psql("--single-transaction", "--set", f"as_of={cutoff(night)}", "--file", script, cwd=folder)


def step_seconds(whole: Run) -> dict[str, float]:
    """Seconds per step of the night, from the times of its output lines. A line with a step's name begins the step."""
    marks = [(0.0, "start")]
    for second, line in whole.lines:
        step, _, detail = line.strip().partition(" ")
        detail = detail.strip()
        if not line.startswith("  ") or step not in STEPS:
            continue
        if step == "extract" and detail and ":" not in detail:
            marks.append((second, f"extract {detail}"))
        elif step != "extract" and not detail:
            marks.append((second, step))
    ends = [second for second, _ in marks[1:]] + [whole.seconds]
    return {step: end - second for (second, step), end in zip(marks, ends, strict=True)}


def _slowest_models(place: Place) -> list[tuple[str, float]]:
    with place.admin(place.settings.database) as connection:
        rows = connection.execute(
            "select model, seconds from audit.model_run where build_id = (select max(build_id) from audit.build)"
            " order by seconds desc limit %s",
            [SLOWEST_MODELS],
        ).fetchall()
    return [(model, float(seconds)) for model, seconds in rows]


class StarsDiffer(Exception):
    """The floor makes other rows than the night makes, so the ratio would say nothing."""


def compare(place: Place) -> None:
    """Raise StarsDiffer unless both made the same complaints, points and (where not hidden) indicator values."""
    with place.admin(place.settings.database) as ours, place.admin(FLOOR) as floors:
        for query in (COMPLAINTS, POINTS):
            night = ours.execute(query.format("reporting")).fetchone()  # type: ignore[arg-type]
            floor = floors.execute(query.format("floor")).fetchone()  # type: ignore[arg-type]
            if night != floor:
                raise StarsDiffer(f"{query.rsplit('.', 1)[-1]}: the night has {night}, the floor {floor}.")
        shown = {row[:5]: row[5] for row in ours.execute(VALUES.format("reporting") + SHOWN)}  # type: ignore[arg-type]
        made = {row[:5]: row[5] for row in floors.execute(VALUES.format("floor"))}  # type: ignore[arg-type]
    in_both = {key: value for key, value in shown.items() if key[0] in {made_key[0] for made_key in made}}
    differing = [(key, value, made.get(key)) for key, value in in_both.items() if made.get(key) != value]
    if differing or not in_both:
        raise StarsDiffer(f"{len(differing)} of {len(in_both)} indicator values differ, e.g. {differing[:3]}.")
