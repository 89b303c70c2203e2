"""Runs a command as a whole process, and measures how long it took, how much memory it held and when it said what."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

#: The unit of ru_maxrss: kilobytes on Linux, bytes on macOS.
_RSS_UNIT = 1 if sys.platform == "darwin" else 1024
_ENDS_WITHIN = 30  # seconds


class CommandFailed(Exception):
    """A measured command ended with another exit code than 0. The message holds the last lines of its output."""


@dataclass(frozen=True)
class Run:
    """A finished command: `seconds` of wall time, `peak_mb` (2**20 bytes) of its largest process, and its output lines.

    Each line has the second at which it came. The memory of the Postgres server is not included.
    """

    seconds: float
    peak_mb: float
    lines: tuple[tuple[float, str], ...]


def run(command: Sequence[str | Path], env: Mapping[str, str], cwd: Path) -> Run:
    """Run to the end. Raises CommandFailed. When interrupted, it ends the command before it returns."""
    began = time.monotonic()
    process = subprocess.Popen(
        [str(part) for part in command],
        env=dict(env),
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
    )
    lines = []
    try:
        assert process.stdout
        for line in process.stdout:
            lines.append((time.monotonic() - began, line.rstrip("\n")))
        # What the kernel counted for this process and those it waited for, read once when it has ended.
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.monotonic() - began
        process.returncode = os.waitstatus_to_exitcode(status)
    except BaseException:
        _end(process)
        raise
    if process.returncode != 0:
        said = "\n".join(line for _, line in lines[-15:])
        raise CommandFailed(f"{' '.join(map(str, command[:4]))} … ended with {process.returncode}:\n{said}")
    return Run(round(seconds, 3), round(usage.ru_maxrss * _RSS_UNIT / 2**20, 1), tuple(lines))


def _end(process: subprocess.Popen) -> None:
    """End the command and what it started in its session. A server that it started has its own session and goes on."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        try:
            process.wait(_ENDS_WITHIN)
            return
        except subprocess.TimeoutExpired:
            continue
