"""Seconds that a machine counts from its start, independent of its clock."""

import os
import subprocess
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path


@dataclass(frozen=True)
class Tick:
    """A reading of one machine's own count. Two readings may be compared only where `clock` is the same.

    `boot` changes at every start of the machine. The containers of one host share its clock.
    """

    boot: str
    clock: str
    seconds: float


def tick() -> Tick:
    """This machine's count now. It stands still while the machine sleeps, so no process seems dead because it slept."""
    boot, clock = _identity()
    return Tick(boot, clock, time.monotonic())


@cache
def _identity() -> tuple[str, str]:
    on_linux = Path("/proc/sys/kernel/random/boot_id")
    on_a_mac = ("sysctl", "-n", "kern.bootsessionuuid")
    boot = on_linux.read_text() if on_linux.is_file() else subprocess.check_output(on_a_mac, text=True)
    boot = boot.strip()
    # A container may have a time namespace, in which the same machine counts from another start.
    namespace = Path("/proc/self/ns/time")
    return boot, f"{boot}/{namespace.stat().st_ino if namespace.exists() else 0}"


class SteadyClock:
    """The clock as it was read once, carried on by the machine's count, so that a wait has its true length.

    It goes on while the machine sleeps: a machine that wakes at seven knows that it is past five.
    """

    def __init__(self) -> None:
        self._began = datetime.now(UTC)
        self._count = _with_sleep()

    def now(self) -> datetime:
        """The instant (UTC)."""
        return self._began + timedelta(seconds=_with_sleep() - self._count)


def _with_sleep() -> float:
    return time.clock_gettime(time.CLOCK_BOOTTIME) if os.uname().sysname == "Linux" else time.monotonic()
