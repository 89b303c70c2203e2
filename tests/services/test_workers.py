"""A worker of Airflow's real executor that is killed while it holds the lock is noticed. Others do no harm."""

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from kvalitet.services.workers import are_locked_out

pytestmark = pytest.mark.skipif(not Path("/proc/self/wchan").is_file(), reason="the system does not say")
#: Airflow's executor with four idle workers.
EXECUTOR = """
import time
from airflow.executors.local_executor import LocalExecutor
executor = LocalExecutor(parallelism=4)
executor.start()
print("started", flush=True)
time.sleep(120)
"""


@pytest.fixture(scope="module")
def scheduler(tmp_path_factory: pytest.TempPathFactory) -> Iterator[psutil.Process]:
    environment = {"AIRFLOW_HOME": str(tmp_path_factory.mktemp("airflow")), "PATH": "/usr/bin:/bin"}
    executor = psutil.Popen([sys.executable, "-c", EXECUTOR], stdout=subprocess.PIPE, text=True, env=environment)
    while "started" not in (line := executor.stdout.readline()):
        assert line, "the executor ended"
    while len(workers(psutil.Process(executor.pid))) < 4:
        time.sleep(0.05)
    yield psutil.Process(executor.pid)
    for process in [*executor.children(), executor]:
        process.kill()
    executor.wait()


def workers(scheduler: psutil.Process) -> dict[psutil.Process, str]:
    """Each living idle worker, with what it waits for."""
    return {
        child: Path(f"/proc/{child.pid}/wchan").read_text()
        for child in scheduler.children()
        if child.status() != psutil.STATUS_ZOMBIE and "<idle>" in " ".join(child.cmdline())
    }


def wait_for_a_reader(scheduler: psutil.Process) -> psutil.Process:
    for _ in range(100):
        for worker, waits in workers(scheduler).items():
            if "pipe_read" in waits:
                return worker
        time.sleep(0.05)
    raise AssertionError("no worker reads")


@pytest.mark.slow
def test_only_killed_lock_holder_locks_out(
    scheduler: psutil.Process,
) -> None:
    """A killed worker that only waited leaves the others at work."""
    reader = wait_for_a_reader(scheduler)
    assert not are_locked_out(scheduler.pid)
    waiting = next(worker for worker in workers(scheduler) if worker != reader)
    waiting.kill()
    assert not are_locked_out(scheduler.pid)

    reader.kill()
    psutil.wait_procs([reader], timeout=5)
    assert are_locked_out(scheduler.pid)
