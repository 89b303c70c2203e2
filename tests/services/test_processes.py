"""Processes are found again, ended with all that they started, and never confused with somebody else's."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from kvalitet import services
from kvalitet.services import processes
from kvalitet.services.marks import VARIABLE, new_mark
from kvalitet.settings import Settings

SLEEPS = "import time; time.sleep(60)"
#: Starts a child in its own group that ignores SIGTERM, and prints its number.
HAS_A_CHILD = f"""
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import signal; signal.signal(15, signal.SIG_IGN); {SLEEPS}"],
                         process_group=0)
print(child.pid, flush=True)
time.sleep(60)
"""


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Settings]:
    settings = Settings(root=tmp_path, var=tmp_path / "var", inbox="", server="127.0.0.1:1", database="kvalitet")
    yield settings
    processes.end(settings, list(processes.running(settings)), patience=1)
    processes.end_orphans(settings)


def launch(place: Settings, name: str, code: str) -> int:
    processes.launch(place, name, [sys.executable, "-c", code], dict(os.environ))
    return processes.running(place)[name].pid


def lives(pid: int) -> bool:
    return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE


def test_process_is_found_again_and_ended(place: Settings) -> None:
    first, second = launch(place, "first", SLEEPS), launch(place, "second", SLEEPS)
    assert os.getsid(first) == first, "a session of its own: Ctrl-C in the terminal does not reach it"
    assert processes.end(place, ["first", "unknown"]) == ["first"]
    assert not lives(first)
    assert lives(second)
    assert list(processes.running(place)) == ["second"]


@pytest.mark.slow
def test_children_that_ignore_requests_end_too(place: Settings) -> None:
    launch(place, "parent", HAS_A_CHILD)
    log = processes.log_file(place, "parent")
    deadline = time.monotonic() + 10
    while not log.read_text().strip() and time.monotonic() < deadline:
        time.sleep(0.05)
    child = int(log.read_text())
    processes.end(place, ["parent"], patience=1)
    assert not lives(child)


def test_reused_process_number_is_left_alone(place: Settings) -> None:
    launch(place, "ours", SLEEPS)
    other = psutil.Popen([sys.executable, "-c", SLEEPS])
    notes = place.var / "run" / "processes.json"
    noted = json.loads(notes.read_text())
    noted["theirs"] = noted["ours"] | {"pid": other.pid, "began": noted["ours"]["began"] - 100}
    notes.write_text(json.dumps(noted))
    assert processes.end(place, ["theirs"]) == []
    assert other.is_running()
    other.kill()
    other.wait()


@pytest.mark.parametrize(
    "wrong",
    [
        {"pid": "x"},
        {"pid": -1},
        {"pid": 0},
        {"pid": 2**70},
        {"pid": True},
        {"pid": 1.5},
        {"pid": None},
        {"began": "x"},
        {"began": None},
        {"boot": 7},
        {"folder": 7},
        {"folder": None},
        {"mark": []},
        {"configuration": []},
        {"configuration": None},
    ],
    ids=str,
)
def test_note_of_wrong_types_is_ignored(place: Settings, wrong: dict[str, object]) -> None:
    launch(place, "ours", SLEEPS)
    notes = place.var / "run" / "processes.json"
    noted = json.loads(notes.read_text())
    noted["wrong"] = noted["ours"] | wrong
    notes.write_text(json.dumps(noted))
    assert list(processes.noted(place)) == list(processes.running(place)) == ["ours"]
    assert processes.died(place) == []
    assert processes.orphans(place) == []
    assert processes.end(place, ["wrong", "ours"]) == ["ours"]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"7",
        b"null",
        b"\xff\x00",
        b'{"a": 7}',
        b'{"a": null}',
        b'{"a": "text"}',
        b'{"a": [1]}',
        b"[" * 99999,
    ],
)
def test_damaged_notes_hold_none(place: Settings, content: bytes) -> None:
    notes = place.var / "run" / "processes.json"
    notes.parent.mkdir(parents=True)
    notes.write_bytes(content)
    assert processes.noted(place) == {}
    assert processes.end(place, ["a"]) == []
    launch(place, "ours", SLEEPS)
    assert list(processes.running(place)) == ["ours"]


def test_killed_process_is_not_running(place: Settings) -> None:
    pid = launch(place, "killed", SLEEPS)
    os.kill(pid, signal.SIGKILL)
    deadline = time.monotonic() + 10
    while lives(pid) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert processes.running(place) == {}


# --- what a start leaves behind ------------------------------------------------------------------

#: A daemon: forked twice, with its own session and without a parent. {how} is what it does then.
DAEMON = """
import os, sys, time
if os.fork():
    time.sleep(600)
os.setsid()
if os.fork():
    os._exit(0)
{how}
"""
SLEEPS_ON = "open({file!r}, 'w').write(str(os.getpid())); time.sleep(600)"


def pid_in(file: Path) -> int:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        if file.is_file() and (text := file.read_text()):
            return int(text)
        time.sleep(0.02)
    raise TimeoutError(f"{file} was not written")


def kill_leader(place: Settings, name: str) -> None:
    process = psutil.Process(processes.running(place)[name].pid)
    process.kill()
    psutil.wait_procs([process], timeout=10)
    deadline = time.monotonic() + 10
    while name in processes.running(place) and time.monotonic() < deadline:
        time.sleep(0.02)


def orphan_pids(place: Settings) -> set[int]:
    return {process.pid for process in processes.orphans(place)}


def test_daemon_of_killed_leader_is_ended(place: Settings, tmp_path: Path) -> None:
    file = tmp_path / "number"
    launch(place, "scheduler", DAEMON.format(how=SLEEPS_ON.format(file=str(file))))
    daemon = pid_in(file)
    assert orphan_pids(place) == {daemon}, "its parent has ended; the process beside it is its leader's child"
    kill_leader(place, "scheduler")
    assert orphan_pids(place) == {daemon}
    assert processes.end_orphans(place) >= 1
    assert not lives(daemon)
    assert orphan_pids(place) == set()


def test_orphan_ends_and_running_start_is_kept(place: Settings, tmp_path: Path) -> None:
    supervisor, task = tmp_path / "supervisor", tmp_path / "task"
    lines = [
        "import os, time",
        "if os.fork(): time.sleep(600)",
        "if os.fork():",
        f"    {SLEEPS_ON.format(file=str(supervisor))}",
        SLEEPS_ON.format(file=str(task)),
    ]
    launch(place, "scheduler", "\n".join(lines))
    both = {pid_in(supervisor), pid_in(task)}
    assert orphan_pids(place) == set(), "their parents live"
    os.kill(pid_in(supervisor), signal.SIGKILL)
    assert all(lives(pid) for pid in both - {pid_in(supervisor)})
    assert processes.end_orphans(place) == 1
    assert not lives(pid_in(task))
    assert list(processes.running(place)) == ["scheduler"]


def test_child_without_mark_is_found_by_session(place: Settings, tmp_path: Path) -> None:
    file = tmp_path / "number"
    code = f"import os, time; open({str(file)!r}, 'w').write(str(os.getpid())); time.sleep(600)"
    launch(place, "scheduler", f"import os, sys, time\nif os.fork(): time.sleep(600)\n"
           f"os.execve(sys.executable, [sys.executable, '-c', {code!r}], {{}})")  # fmt: skip
    child = pid_in(file)
    assert VARIABLE not in psutil.Process(child).environ()
    kill_leader(place, "scheduler")
    assert orphan_pids(place) == {child}
    services.down(place)
    assert not lives(child)
    assert processes.noted(place) == {}


def test_child_in_own_session_ends_with_parent(place: Settings, tmp_path: Path) -> None:
    file = tmp_path / "number"
    code = f"import os, time; open({str(file)!r}, 'w').write(str(os.getpid())); time.sleep(600)"
    launch(place, "scheduler", f"import os, sys, time\nif os.fork(): time.sleep(600)\nos.setsid()\n"
           f"os.execve(sys.executable, [sys.executable, '-c', {code!r}], {{}})")  # fmt: skip
    child = pid_in(file)
    processes.end(place, ["scheduler"], patience=1)
    assert not lives(child)


def test_renamed_worker_keeps_its_mark(place: Settings, tmp_path: Path) -> None:
    """Airflow's workers do so. Others then read the new name in the place of the worker's environment."""
    file = tmp_path / "number"
    how = "import setproctitle; setproctitle.setproctitle('airflow worker -- LocalExecutor: <idle>' * 9)\n"
    launch(place, "scheduler", DAEMON.format(how=how + SLEEPS_ON.format(file=str(file))))
    worker = pid_in(file)
    kill_leader(place, "scheduler")
    assert worker in orphan_pids(place)


def test_stopped_and_respawning_processes_end(place: Settings, tmp_path: Path) -> None:
    file = tmp_path / "number"
    how = f"""
import signal
signal.signal(signal.SIGTERM, signal.SIG_IGN)
while True:
    child = os.fork()
    if not child:
        {SLEEPS_ON.format(file=str(file))}
    os.waitpid(child, 0)
"""
    launch(place, "scheduler", DAEMON.format(how=how))
    child = pid_in(file)
    stopped = launch(place, "stopped", SLEEPS)
    os.kill(stopped, signal.SIGSTOP)
    began = time.monotonic()
    assert processes.end(place, ["stopped"]) == ["stopped"]
    assert time.monotonic() - began < 5, "it is woken to hear the request"
    kill_leader(place, "scheduler")
    processes.end_orphans(place)
    assert not lives(child) and not lives(pid_in(file)) and orphan_pids(place) == set()


def test_task_of_killed_worker_is_an_orphan(place: Settings, tmp_path: Path) -> None:
    worker_file, task_file, other_file = tmp_path / "worker", tmp_path / "task", tmp_path / "other"
    launch(place, "scheduler", f"""
import os, time
if not os.fork():
    if not os.fork():
        {SLEEPS_ON.format(file=str(task_file))}
    {SLEEPS_ON.format(file=str(worker_file))}
if not os.fork():
    {SLEEPS_ON.format(file=str(other_file))}
while True:
    os.wait()
""")  # fmt: skip
    worker, task, other = pid_in(worker_file), pid_in(task_file), pid_in(other_file)
    assert orphan_pids(place) == set()
    os.kill(worker, signal.SIGKILL)
    deadline = time.monotonic() + 10
    while lives(worker) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert orphan_pids(place) == {task}
    processes.end_orphans(place)
    assert not lives(task) and lives(other) and "scheduler" in processes.running(place)


def test_start_without_its_note_is_an_orphan(place: Settings) -> None:
    pid = launch(place, "scheduler", SLEEPS)
    (place.var / "run" / "processes.json").write_text("{ cut sho")
    assert processes.running(place) == {}
    assert orphan_pids(place) == {pid}
    processes.end_orphans(place)
    assert not lives(pid)


def test_two_installations_share_nothing(place: Settings, tmp_path: Path) -> None:
    other = replace(place, var=tmp_path / "other")
    theirs = launch(other, "scheduler", SLEEPS)
    (other.var / "run" / "processes.json").unlink()
    assert orphan_pids(place) == set()
    # Not even children of ours, in their own session or in ours, if a task of ours has started that installation.
    launch(place, "ours", f"""
import subprocess, sys, time
for own_session in (True, False):
    child = subprocess.Popen([sys.executable, "-c", {SLEEPS!r}], start_new_session=own_session,
                             env={{{VARIABLE!r}: {new_mark(other, "x")!r}}})
    open({str(tmp_path)!r} + f"/number-{{own_session}}", "w").write(str(child.pid))
time.sleep(60)
""")  # fmt: skip
    children = {pid_in(tmp_path / "number-True"), pid_in(tmp_path / "number-False")}
    processes.end(place, ["ours"], patience=1)
    assert all(map(lives, {theirs, *children}))
    assert orphan_pids(other) == {theirs, *children}
    processes.end_orphans(other)


def test_copied_run_folder_takes_no_processes(place: Settings, tmp_path: Path) -> None:
    pid = launch(place, "scheduler", SLEEPS)
    shutil.copytree(place.var, tmp_path / "copy")
    copy = replace(place, var=tmp_path / "copy")
    assert processes.running(copy) == {} and orphan_pids(copy) == set()
    assert processes.end(copy, ["scheduler"]) == []
    assert lives(pid)


def test_moved_run_folder_keeps_its_processes(place: Settings, tmp_path: Path) -> None:
    pid = launch(place, "scheduler", SLEEPS)
    moved = replace(place, var=tmp_path / "moved")
    place.var.rename(moved.var)
    assert processes.end(moved, ["scheduler"]) == ["scheduler"]
    assert not lives(pid)


def test_note_from_before_reboot_is_not_running(place: Settings) -> None:
    pid = launch(place, "scheduler", SLEEPS)
    notes = place.var / "run" / "processes.json"
    noted = json.loads(notes.read_text())
    noted["scheduler"]["boot"] = "00000000-0000-0000-0000-000000000000"
    notes.write_text(json.dumps(noted))
    assert processes.running(place) == {}
    assert orphan_pids(place) == {pid}, "its mark says whose it is all the same"
    processes.end_orphans(place)


def test_session_of_reused_number_is_left_alone(place: Settings, tmp_path: Path) -> None:
    """Process numbers have wrapped around. Another program's session has the number, and its leader has died too."""
    launch(place, "scheduler", SLEEPS)
    file = tmp_path / "number"
    code = f"import os, time\nif os.fork(): os._exit(0)\n{SLEEPS_ON.format(file=str(file))}"
    stranger = subprocess.Popen([sys.executable, "-c", code], start_new_session=True, cwd="/")
    stranger.wait()
    theirs = pid_in(file)
    notes = place.var / "run" / "processes.json"
    noted = json.loads(notes.read_text())
    noted["dead"] = noted["scheduler"] | {"pid": os.getsid(theirs), "mark": new_mark(place, "dead")}
    notes.write_text(json.dumps(noted))
    assert orphan_pids(place) == set()
    os.kill(theirs, signal.SIGKILL)


def test_command_and_its_callers_are_never_ended(place: Settings, tmp_path: Path) -> None:
    """`kvalitet down` is called from a shell that has a task's environment."""
    code = f"""
from pathlib import Path
from kvalitet.services import processes
from kvalitet.settings import Settings
processes.end_orphans(Settings(Path({str(place.root)!r}), Path({str(place.var)!r}), '', '', ''))
print('went on')
"""
    command = tmp_path / "down.py"
    command.write_text(code)
    env = {**os.environ, VARIABLE: new_mark(place, "shell")}
    shell = subprocess.run(["sh", "-c", f'"{sys.executable}" {command}; echo and so did the shell'],
                           env=env, capture_output=True, text=True, check=False)  # fmt: skip
    assert shell.stdout.split("\n")[:2] == ["went on", "and so did the shell"], shell.stderr


def test_set_clock_hides_no_process(place: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """psutil derives the start of the machine from the clock, again for each process, so it moves with the clock."""
    pid = launch(place, "scheduler", SLEEPS)
    booted, shifts = psutil.boot_time(), iter([0, 1, 1, 1] + [7200] * 5 + [-86400] * 1000)
    monkeypatch.setattr("psutil._pslinux.boot_time", lambda: booted + next(shifts))
    for _ in range(6):
        assert {name: note.pid for name, note in processes.running(place).items()} == {"scheduler": pid}


def test_looking_for_orphans_is_quick(place: Settings) -> None:
    launch(place, "scheduler", SLEEPS)
    began = time.process_time()
    processes.orphans(place)
    assert time.process_time() - began < 0.5
