"""Takes in the complaint delivery, and compares with `psql \\copy` of the same files into text columns."""

import csv
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.measured import Run
from benchmarks.place import Place
from benchmarks.results import Figures
from kvalitet.intake.account.csv_scan import scan_csv

AIM_RATIO = 3.5
AIM_MEMORY_MB = 700
#: The independent count of a delivery's records, in megabytes per second of one core.
SCANNED_MB, AIM_SCAN_SECONDS = 150, 1.0
#: The second night is again a whole snapshot, in which little has changed.
NIGHTS = {1: "first load", 2: "next snapshot"}


def measure(place: Place, figures: Figures, say: Callable[[str], None]) -> None:
    """Measure one repeat: an empty warehouse takes in two nights of complaints."""
    for night in NIGHTS:
        place.delivery(night)
    place.empty()
    for night, name in NIGHTS.items():
        group = f"Intake, {name}"
        say(f"{group}: floor")
        place.settle()
        floor = copy_floor(place, night)
        say(f"{group}: kvalitet extract bif_complaints")
        place.deliver(night)
        place.settle()
        intake = place.kvalitet("extract", "bif_complaints")
        megabytes = sum(file.stat().st_size for file in place.complaint_files(night)) / 1e6
        figures.add(group, "files (10⁶ bytes)", megabytes, "MB")
        figures.add(group, "floor: psql \\copy into text columns", floor.seconds)
        figures.add(group, "kvalitet extract bif_complaints", intake.seconds)
        figures.add(group, "ratio to the floor", intake.seconds / floor.seconds, "×", AIM_RATIO)
        scan = scan_seconds(place, night)
        figures.add(
            group, f"scan of {SCANNED_MB} MB, on one core", scan * SCANNED_MB / megabytes, "s", AIM_SCAN_SECONDS
        )
        figures.add(group, "scan, share of the intake", 100 * scan / intake.seconds, "%")
        figures.add(group, "peak memory of the intake's process", intake.peak_mb, "MB", AIM_MEMORY_MB)


def scan_seconds(place: Place, night: int) -> float:
    """Processor time of the count that every delivered file is checked against."""
    seconds = 0.0
    for file in place.complaint_files(night):
        with file.open(newline="", encoding="utf-8") as lines:
            columns = len(next(csv.reader(lines)))
        begun = time.process_time()
        scan_csv(file, file.name, ",", '"', columns, place.folder / "places")
        seconds += time.process_time() - begun
    return seconds


def copy_floor(place: Place, night: int) -> Run:
    """Copy the night's complaint files into new tables of text columns, and nothing else."""
    script = place.folder / "copy.sql"
    script.write_text(
        "".join(_copy(table, file) for table, file in zip("ab", place.complaint_files(night), strict=True))
    )
    return place.psql("--single-transaction", "--file", script, cwd=place.folder)


def _copy(table: str, file: Path) -> str:
    with file.open(newline="", encoding="utf-8") as lines:
        header = next(csv.reader(lines))
    columns = ", ".join(f'"{name}" text' for name in header)
    return (
        f"drop table if exists copied_{table};\ncreate table copied_{table} ({columns});\n"
        f"\\copy copied_{table} from '{file}' with (format csv, header true)\n"
    )
