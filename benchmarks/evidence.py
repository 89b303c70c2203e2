"""What it costs to verify a publication: digests that the client computes, against the server's own digests."""

import time
from collections.abc import Callable

from benchmarks.place import Place
from benchmarks.results import Figures
from kvalitet.evidence.canonical import FORM
from kvalitet.publication.digest import contents
from kvalitet.settings import AUDITOR


def measure(place: Place, figures: Figures, say: Callable[[str], None]) -> None:
    """Measure what readers see now: all tables once in each form, and the whole command, which reads as each reader."""
    group = "Evidence of what is published"
    say(group)
    seconds = {}
    for form in (1, FORM):
        began = time.monotonic()
        contents(place.settings, AUDITOR, "reporting", form)
        seconds[form] = time.monotonic() - began
    verify = place.kvalitet("verify")
    figures.add(group, "floor: digests of form 1, by the server", seconds[1])
    figures.add(group, f"digests of form {FORM}, by whoever asks", seconds[FORM])
    figures.add(group, "ratio to the floor", seconds[FORM] / seconds[1], "×")
    figures.add(group, "kvalitet verify", verify.seconds)
    figures.add(group, "peak memory of kvalitet verify", verify.peak_mb, "MB")
