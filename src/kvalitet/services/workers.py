"""Whether the scheduler's workers can still take up tasks.

They take turns at the pipe that tasks come through: one reads, and the others wait for a lock that the reader holds.
Where the reader is killed (by the machine for want of memory, say), nobody ever gets the lock. Every task stays queued,
while the scheduler and all its heartbeats look well. Only a restart of the scheduler helps.
"""

import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil

from kvalitet.services.marks import lives

_LOOKS, _SECONDS_BETWEEN = 10, 0.2
_WORKER, _IDLE = "airflow worker -- LocalExecutor", "<idle>"


def are_locked_out(scheduler: int) -> bool:
    """Whether the idle workers of the scheduler (its number) all wait for a lock whose holder is dead.

    False where there is no idle worker, and where the system does not say what a process waits for.
    """
    for _ in range(_LOOKS):
        waits = list(_waits(scheduler))
        if not waits or not all("futex" in wait for wait in waits):
            return False
        time.sleep(_SECONDS_BETWEEN)
    return True


def _waits(scheduler: int) -> Iterator[str]:
    """The kernel function that each idle worker waits in."""
    for child in children(scheduler):
        with suppress(psutil.Error, OSError):
            title = " ".join(child.cmdline()).strip()
            if title.startswith(_WORKER) and title.endswith(_IDLE):
                yield Path(f"/proc/{child.pid}/wchan").read_text()


def children(pid: int) -> list[psutil.Process]:
    """The living child processes, without zombies."""
    with suppress(psutil.Error):
        return [child for child in psutil.Process(pid).children() if lives(child)]
    return []
