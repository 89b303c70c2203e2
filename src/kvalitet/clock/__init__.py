"""Time that decides something: counted by the machine itself, so that setting a clock changes nothing.

Which decisions count seconds and which read the calendar is listed in docs/runbook.md, "The clock is wrong".
"""

from kvalitet.clock.counted import SteadyClock, Tick, tick
from kvalitet.clock.wall import today, wrong_clock

__all__ = ["SteadyClock", "Tick", "tick", "today", "wrong_clock"]
