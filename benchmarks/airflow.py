"""What Airflow adds to a night: the same deliveries through its scheduler and from the command line."""

import re
from collections.abc import Callable

from benchmarks.measured import Run
from benchmarks.night import step_seconds
from benchmarks.place import place
from benchmarks.results import Figures

#: Small on purpose, because what Airflow adds does not grow with the rows.
COMPLAINTS = 6000
TASK = re.compile(r"^\s*\d+:\d\d\s+(?P<name>\S.*?)\s{2,}(?P<seconds>[\d.]+) s\b")
NIGHTS = ("the first", "the next")


def measure(figures: Figures, say: Callable[[str], None], repeat: int, complaints: int = COMPLAINTS) -> None:
    """Measure nights 1 to 1 + `repeat` in two installations, one after the other. The figures are per night."""
    nights = range(1, 2 + repeat)
    alone: list[Run] = []
    with place(complaints) as without:
        for night in nights:
            say(f"Airflow's share, night {night}: kvalitet night")
            without.deliver(night)
            alone.append(without.kvalitet("night"))
    say("Airflow's share: starting Airflow")
    with place(complaints, with_airflow=True) as scheduled:
        for night in nights:
            say(f"Airflow's share, night {night}: kvalitet run")
            scheduled.deliver(night)
            ready = scheduled.up(with_airflow=True)
            through = scheduled.kvalitet("run", "--no-sample")
            _add(figures, f"Airflow's share, {NIGHTS[min(night, 2) - 1]} night", through, alone[night - 1], ready)


def _add(figures: Figures, group: str, through: Run, alone: Run, ready: Run) -> None:
    tasks = task_seconds(through)
    work = step_seconds(alone)
    extra = through.seconds - alone.seconds
    figures.add(group, "kvalitet night", alone.seconds)
    figures.add(group, "kvalitet run, with all services up", through.seconds)
    figures.add(group, "difference", extra)
    figures.add(group, "of which seeing that all services are up", ready.seconds)
    figures.add(group, "tasks", len(tasks), "")
    figures.add(group, "difference per task", extra / max(len(tasks), 1))
    for name, seconds in tasks.items():
        if name in work:
            figures.add(f"{group}: task less step", name, seconds - work[name])


def task_seconds(through: Run) -> dict[str, float]:
    """Each task's own seconds, read from the output of `kvalitet run`."""
    found = (TASK.match(line) for _, line in through.lines)
    return {match["name"]: float(match["seconds"]) for match in found if match}
