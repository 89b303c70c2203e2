"""The night that `kvalitet run` began: noted before anything is delivered, removed once it has ended.

The note, var/run/night.json, lets an interrupted call be made again. How far the night came is not noted, because
Airflow and the warehouse know it.
"""

import fcntl
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from kvalitet.errors import KvalitetError
from kvalitet.nights.night import Mark, mark
from kvalitet.settings import TIMEZONE, Settings


@dataclass(frozen=True)
class BegunNight:
    """A night that was begun, as it is noted.

    `since` is where the records stood. What was taken in later counts to the night, also by a scheduled run that was
    quicker. `sample` holds the arguments of the function that delivers its sample. It is None where the deliveries come
    from elsewhere.
    """

    run_id: str  # of its runs in Airflow, one of each DAG
    begun_at: datetime
    since: Mark
    sample: dict[str, int] | None

    @property
    def owner(self) -> str:
        """The name under which the night's build claims the candidate."""
        return f"airflow {self.run_id}"

    def __str__(self) -> str:
        return f"The night begun {self.begun_at.astimezone(TIMEZONE):%d-%m-%Y %H:%M:%S}"


def begin(settings: Settings, sample: dict[str, int] | None) -> BegunNight:
    """Note a new night."""
    now = datetime.now(UTC)
    night = BegunNight(f"night__{now:%Y-%m-%dT%H-%M-%S-%f}", now, mark(settings), sample)
    partial = _note(settings).with_suffix(".partial")
    with partial.open("w") as out:
        json.dump(asdict(night) | {"begun_at": now.isoformat()}, out)
        out.flush()
        os.fsync(out.fileno())
    partial.replace(_note(settings))
    return night


def begun_night(settings: Settings) -> BegunNight | None:
    """The night that was begun and not yet seen to end. Raises KvalitetError where its note cannot be read."""
    file = _note(settings)
    try:
        fields = json.loads(file.read_text())
        begun_at, since = datetime.fromisoformat(fields["begun_at"]), Mark(**fields["since"])
        return BegunNight(fields["run_id"], begun_at, since, fields["sample"])
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError):
        raise KvalitetError(
            f"{file}, the note of the night that was begun, cannot be read.",
            "Delete it: then `kvalitet run` begins the next night.",
        ) from None


def forget(settings: Settings, night: BegunNight) -> None:
    """Remove the note of a night that has ended. Another night's note stays."""
    if begun_night(settings) == night:
        _note(settings).unlink(missing_ok=True)


@contextmanager
def one_at_a_time(settings: Settings, on_wait: Callable[[str], None] = lambda pid: None) -> Iterator[None]:
    """Let only one process at once deliver and trigger. `on_wait` gets the number of the process that is waited for."""
    file = _note(settings).with_name("night.lock")
    with file.open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            on_wait(lock.read().strip())
            fcntl.flock(lock, fcntl.LOCK_EX)
        lock.truncate(0)
        lock.write(f"{os.getpid()}\n")
        lock.flush()
        yield


def _note(settings: Settings) -> Path:
    folder = settings.var / "run"
    folder.mkdir(parents=True, exist_ok=True)
    return folder / "night.json"
