"""A drill on a real engine: from the first build to the last `down`, with kills, a loss and an upgrade in between.

    python docker/drill                      all of it; some 25 minutes on two idle cores
    python docker/drill --keep               leaves everything as it is at the end, for --from and --only
    python docker/drill --from kills --keep  goes on with a drill that was kept
    python docker/drill --clean              removes what was kept

Each step runs what docker/README.md says, in an installation of the drill's own, and prints what it proves. Nothing is
left behind, also after a failure or Ctrl-C. Exit code 0: all of it holds, or there is no engine (--require-engine: 2).
"""

import argparse
import fcntl
import os
import random
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import steps_errands
import steps_loss
import steps_nights
from installation import Failed, missing_engine
from place import Drill
from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).resolve().parents[2]
#: The newest commit before containers that hold data could be upgraded.
EARLIER = "1999702"
STEPS: dict[str, Callable[[Drill], None]] = {
    "build": steps_nights.build,
    "up": steps_nights.up,
    "login": steps_nights.login,
    "first-night": steps_nights.first_night,
    "pages": steps_nights.pages,
    "second-night": steps_nights.second_night,
    "secrets": steps_nights.secrets,
    "closed": steps_nights.closed,
    "kills": steps_nights.kills,
    "backup": steps_loss.backup,
    "restore": steps_loss.restore,
    "verify": steps_loss.verify,
    "erase": steps_loss.erase,
    "go-back": steps_loss.go_back,
    "errands": steps_errands.errands,
    "tls": steps_errands.tls,
    "point-in-time": steps_errands.point_in_time,
    "upgrade": steps_loss.upgrade,
    "down": steps_loss.down,
}
console = Console(highlight=False, soft_wrap=True)


def main() -> int:
    options = _options()
    if reason := missing_engine():
        console.print(f"Skipped: {reason}.")
        return 2 if options.require_engine else 0
    seed = options.seed if options.seed is not None else random.SystemRandom().randrange(1_000_000)
    drill = Drill(ROOT, seed, options.earlier, _say)
    with _alone():
        if options.clean:
            drill.remove()
            return 0
        names = [options.only] if options.only else list(STEPS)[list(STEPS).index(options.begin) :]
        console.print(f"Seed {seed} (--seed {seed} kills at the same instants).")
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        try:
            if names[0] == "build":
                drill.begin_anew()
            return _run(drill, names)
        except KeyboardInterrupt:
            return 130
        finally:
            if not options.keep:
                _remove(drill)


def _say(text: str) -> None:
    console.print("\n".join(f"   {line}" for line in text.splitlines()), markup=False)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser("docker/drill", description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--from", dest="begin", choices=STEPS, default="build", help="begin here, in what --keep left")
    parser.add_argument("--only", choices=STEPS, help="this step alone, in what --keep left")
    parser.add_argument("--keep", action="store_true", help="remove nothing at the end")
    parser.add_argument("--clean", action="store_true", help="remove what --keep left, and do nothing else")
    parser.add_argument("--seed", type=int, help="of the instants of the kills; otherwise drawn and printed")
    parser.add_argument("--earlier", default=EARLIER, help=f"the commit to upgrade from; {EARLIER} otherwise")
    parser.add_argument("--require-engine", action="store_true", help="fail where no engine answers")
    return parser.parse_args()


@contextmanager
def _alone() -> Iterator[None]:
    """Let only one drill of a checkout run at a time."""
    folder = os.open(Path(__file__).parent, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        sys.exit("Another drill of this checkout runs.")
    finally:
        os.close(folder)


def _run(drill: Drill, names: list[str]) -> int:
    """Run the steps in turn until one fails, then print the table of what each took. Returns the exit code."""
    took, began, failed = [], time.monotonic(), ""
    try:
        for name in names:
            console.print(f"[bold]── {name}[/]")
            step_began, failed = time.monotonic(), name
            STEPS[name](drill)
            took.append((name, time.monotonic() - step_began))
            console.print(f"   [dim]{took[-1][1]:.1f} s[/]")
            failed = ""
    except Failed as failure:
        console.print("\n".join(f"   {line}" for line in str(failure).splitlines()), markup=False, style="red")
    finally:
        table = Table("step", "seconds", "", title=f"Drill of {drill.facts.get('commit', 'no commit')[:12]}")
        for name, seconds in took:
            table.add_row(name, f"{seconds:.1f}", "holds")
        if failed:
            table.add_row(failed, "", "does not hold, or was interrupted")
        table.add_row("all", f"{time.monotonic() - began:.1f}", "")
        console.print(table)
    return 1 if failed else 0


def _remove(drill: Drill) -> None:
    """Remove everything. A second Ctrl-C is ignored, so that nothing is left half removed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    drill.remove()


if __name__ == "__main__":
    sys.exit(main())
