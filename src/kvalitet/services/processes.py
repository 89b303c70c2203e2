"""Long-lived processes: started apart from the terminal, found again, ended with all that they started.

var/run/processes.json notes each process with its number, the machine's start, its own start and its mark, so that
another's process of the same number is never taken for ours. What is not noted, because its parent was killed or the
note was lost, is found by its mark (see marks.py).
"""

import json
import signal
import subprocess
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path

import psutil

from kvalitet.errors import KvalitetError
from kvalitet.services.marks import Member, began, boot_id, environment, find_processes, lives, new_mark
from kvalitet.settings import Settings

_LOG_LIMIT = 20 * 2**20  # bytes, a longer log is renamed when its process starts anew


@dataclass(frozen=True)
class Noted:
    """One process as it was started. `began` is in seconds since the start of the machine that `boot` names.

    `folder` is the run folder at that time. `configuration`: name of each setting that it was started with -> a keyed
    digest of its value.
    """

    pid: int
    began: float
    boot: str = ""
    folder: str = ""
    mark: str = ""
    configuration: dict[str, str] = field(default_factory=dict)


def log_file(settings: Settings, name: str) -> Path:
    return settings.var / "log" / f"{name}.log"


def running(settings: Settings) -> dict[str, Noted]:
    """The noted processes that still run, by name."""
    return {name: note for name, note in noted(settings).items() if _is_ours(settings, note) and _process(note)}


def died(settings: Settings) -> list[str]:
    """The names of those that ended without being asked to."""
    return sorted(noted(settings).keys() - running(settings).keys())


def was_started(settings: Settings) -> bool:
    """Whether `kvalitet up` ever started Airflow here."""
    return _notes(settings).is_file()


def launch(
    settings: Settings,
    name: str,
    command: Sequence[str],
    env: Mapping[str, str],
    configuration: Mapping[str, str] | None = None,
) -> None:
    """Start `command` in a session of its own, so that neither Ctrl-C nor a closed terminal ends it."""
    log, mark = log_file(settings, name), new_mark(settings, name)
    log.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if log.exists() and log.stat().st_size > _LOG_LIMIT:
        log.replace(log.with_suffix(".log.1"))
    with open(log, "ab") as out:
        child = subprocess.Popen(
            command,
            cwd=settings.root,
            env={**env, **environment(mark)},
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            start_new_session=True,
        )
    child.returncode = 0  # it outlives us on purpose, so this object must not warn
    note = Noted(
        child.pid, began(psutil.Process(child.pid)), boot_id(), str(settings.var), mark, dict(configuration or {})
    )
    _write(settings, running(settings) | {name: note})


def orphans(settings: Settings) -> list[psutil.Process]:
    """The processes of this installation whose start or parent has died."""
    living = living_marks(settings)
    return [one.process for one in _family(settings) if one.is_detached or one.mark not in living]


def living_marks(settings: Settings) -> set[str]:
    """The marks of the starts whose leader runs."""
    return {note.mark or name for name, note in running(settings).items()}


def end(settings: Settings, names: Iterable[str], patience: float = 20) -> list[str]:
    """End the named processes that run, and all that they started. Returns the names.

    Each gets SIGTERM. After `patience` seconds, what is left of its start gets SIGTERM too, then SIGKILL. Raises
    KvalitetError where a process still lives after that.
    """
    before = running(settings)
    leaders = {name: process for name in names if name in before and (process := _process(before[name]))}
    marks = {before[name].mark or name for name in leaders}

    def members() -> set[psutil.Process]:
        return {one.process for one in _family(settings) if one.mark in marks}

    at_first = members()  # what hides mark and session is known only while its parent lives
    _send(leaders.values(), signal.SIGTERM)
    psutil.wait_procs(list(leaders.values()), timeout=patience)
    _end_all(lambda: at_first | members())
    _write(settings, {name: note for name, note in running(settings).items() if name not in leaders})
    return list(leaders)


def end_orphans(settings: Settings) -> int:
    """End what belongs to no running component. Returns how many processes. Raises KvalitetError as `end`."""
    found = orphans(settings)
    _end_all(lambda: {*found, *orphans(settings)})
    return len(found)


def _family(settings: Settings) -> list[Member]:
    known, living = noted(settings), running(settings)
    marks = {note.pid: note.mark or name for name, note in living.items()}
    left = {
        note.pid: note.mark
        for name, note in known.items()
        if name not in living and note.mark and note.boot == boot_id() and _is_ours(settings, note)
    }
    return find_processes(settings, marks, left)


def _end_all(find: Callable[[], set[psutil.Process]]) -> None:
    """Ask the processes to end, then kill, then look again, because a killed one may just have started another."""
    left: list[psutil.Process] = []
    for number in (signal.SIGTERM, *[signal.SIGKILL] * 5):
        left = [process for process in find() if lives(process)]
        if not left:
            return
        _send(left, number)
        psutil.wait_procs(left, timeout=5)
    if left := [process for process in left if lives(process)]:
        numbers = ", ".join(str(process.pid) for process in left)
        raise KvalitetError(
            f"Processes that were killed do not end: {numbers}.",
            "They wait for a disk or a network (`ps -o pid,stat,wchan,cmd -p …`). Mend that, then `kvalitet down`.",
        )


def _notes(settings: Settings) -> Path:
    return settings.var / "run" / "processes.json"


def noted(settings: Settings) -> dict[str, Noted]:
    """The notes in processes.json. Empty where the file was cut short, and without notes of another form."""
    try:
        found = json.loads(_notes(settings).read_text())
    except (OSError, ValueError, RecursionError):
        return {}
    notes = {name: _read_note(fields) for name, fields in found.items()} if isinstance(found, dict) else {}
    return {name: note for name, note in notes.items() if note}


def _read_note(fields: object) -> Noted | None:
    if not isinstance(fields, dict):
        return None
    try:
        note = Noted(**{key: value for key, value in fields.items() if key in Noted.__dataclass_fields__})
    except TypeError:
        return None
    is_sound = (
        type(note.pid) is int
        and 0 < note.pid < 2**31
        and type(note.began) in (int, float)
        and all(isinstance(text, str) for text in (note.boot, note.folder, note.mark))
        and isinstance(note.configuration, dict)
    )
    return note if is_sound else None


def _write(settings: Settings, notes: Mapping[str, Noted]) -> None:
    file = _notes(settings)
    file.parent.mkdir(parents=True, exist_ok=True)
    partial = file.with_suffix(".partial")
    partial.write_text(json.dumps({name: asdict(note) for name, note in notes.items()}, indent=2) + "\n")
    partial.replace(file)


def _is_ours(settings: Settings, note: Noted) -> bool:
    """Whether the run folder is the note's own. It is not where it is a copy, and it is where it was moved."""
    return note.folder in ("", str(settings.var)) or not Path(note.folder).exists()


def _process(note: Noted) -> psutil.Process | None:
    with suppress(psutil.Error):
        process = psutil.Process(note.pid)
        if note.boot in ("", boot_id()) and abs(began(process) - note.began) < 0.1 and lives(process):
            return process
    return None


def _send(processes: Iterable[psutil.Process], number: signal.Signals) -> None:
    for process in processes:
        with suppress(psutil.Error):
            process.send_signal(number)
            if process.status() == psutil.STATUS_STOPPED:
                process.resume()  # a stopped process receives only SIGKILL
