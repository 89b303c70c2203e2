"""A process that extracts, replays or withdraws on command, line by line, and reports the result."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from kvalitet.errors import DeliveryRefused, KvalitetError
from kvalitet.intake import extract, replay
from kvalitet.intake.withdrawal import withdraw
from kvalitet.settings import Settings

SOURCE = "bif_complaints"


class Hand:
    """Such a process, started and ready. `do` begins a command, and `said` waits for its result."""

    def __init__(self, settings: Settings, name: str) -> None:
        facts = [str(settings.root), str(settings.var), settings.inbox, settings.server, settings.database, name]
        command = [sys.executable, __file__, *facts]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.said()

    def do(self, what: str, load: int = 0) -> None:
        assert self.process.stdin
        self.process.stdin.write(json.dumps([what, load]) + "\n")
        self.process.stdin.flush()

    def said(self) -> Any:
        assert self.process.stdout
        return json.loads(self.process.stdout.readline() or "null")

    def end(self) -> None:
        self.process.kill()
        self.process.wait()


def _do(settings: Settings, name: str, what: str, load: int) -> list[str]:
    try:
        if what == "extract":
            return [extract(settings, SOURCE, owner=name).outcome, ""]
        if what == "replay":
            return [replay(settings, load, owner=name).outcome, ""]
        withdraw(settings, load, "a test", name)
        return ["withdrawn", ""]
    except DeliveryRefused as error:
        return ["refused", str(error)]
    except KvalitetError as error:
        return [type(error).__name__, str(error)]


if __name__ == "__main__":
    import adbc_driver_postgresql.dbapi  # noqa: F401 -- so that its import is not measured

    root, var, inbox, server, database, hand = sys.argv[1:]
    place = Settings(Path(root), Path(var), inbox, server, database)
    print(json.dumps("ready"), flush=True)
    for line in sys.stdin:
        print(json.dumps(_do(place, hand, *json.loads(line))), flush=True)
