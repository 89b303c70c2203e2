"""Time for decisions, counted by the machine itself, so that setting a clock changes nothing.

docs/runbook.md, "The clock is wrong", lists which decisions count seconds and which read the calendar.
"""

from kvalitet.clock.counted import SteadyClock, Tick, tick
from kvalitet.clock.wall import today, wrong_clock

__all__ = ["SteadyClock", "Tick", "tick", "today", "wrong_clock"]
