"""The result of a run: the file that keeps it, its sums, and whether the gate did what it must."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

from kvalitet.mutation.registry import Mutation

#: At least this percentage of the trials must not reach readers: blocked by a critical check, or refused by intake.
LEAST_KEPT_OUT_PERCENT = 90
OUTCOMES = ("blocked", "refused", "warned", "missed")


def read_result(file: Path) -> dict[str, Any]:
    """The kept result. Empty where nothing was run yet."""
    return json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}


def merged(file: Path, found: dict[str, Any]) -> dict[str, Any]:
    """The kept result with the parts that ran now in place of the old ones. Each part has its own date."""
    return read_result(file) | found


def counts(trials: list[dict[str, Any]]) -> dict[str, int]:
    found = Counter(trial["outcome"] for trial in trials)
    return {outcome: found[outcome] for outcome in OUTCOMES}


def kept_out_percent(trials: list[dict[str, Any]]) -> float:
    """The percentage of the trials that did not reach readers."""
    found = counts(trials)
    return 100 * (found["blocked"] + found["refused"]) / len(trials) if trials else 0.0


def smallest_caught(trials: list[dict[str, Any]]) -> dict[str, Any] | None:
    """The trial with the fewest rows among one mutation's trials that were not missed."""
    seen = [trial for trial in trials if trial["outcome"] != "missed"]
    return min(seen, key=lambda trial: trial["rows"]) if seen else None


def faults(found: dict[str, Any], mutations: list[Mutation]) -> list[str]:
    """What the gate failed to do: too few trials blocked, an unknown gap, or a clean night held back."""
    said: list[str] = []
    trials = found.get("mutations", {}).get("trials", [])
    kept_out = kept_out_percent(trials)
    if trials and len({t["mutation"] for t in trials}) > 10 and kept_out < LEAST_KEPT_OUT_PERCENT:
        said.append(f"only {kept_out:.1f} % of the trials were kept from readers, not {LEAST_KEPT_OUT_PERCENT} %")
    known_gaps = {mutation.id for mutation in mutations if mutation.gap}
    said += [
        f"{trial['mutation']} ({trial['size']}) was missed and is no known gap"
        for trial in trials
        if trial["outcome"] == "missed" and trial["mutation"] not in known_gaps
    ]
    said += [
        f"clean night {night['night']} of seed {night['seed']} was held back by {', '.join(night['critical'])}"
        for night in found.get("nights", {}).get("nights", [])
        if night["critical"]
    ]
    return said


def incident_summary(found: dict[str, Any]) -> list[str]:
    """What became of a list of incidents, in a few lines for the terminal. What moved no figure is not counted."""
    tried = found["incidents"]
    told = [one for one in tried if one["moved"]]
    named = ", ".join(f"{count} {outcome}" for outcome, count in counts(told).items())
    stopped = sum(one["outcome"] in ("blocked", "refused") for one in told)
    lines = [f"{len(told)} incidents: {named} ({found['minutes']} min)"]
    if told:
        lines.append(f"{100 * stopped / len(told):.0f} % did not reach readers")
    if still := [one["incident"] for one in tried if not one["moved"]]:
        lines.append(f"Too small, since no figure moved: {', '.join(still)}")
    passed = [one["incident"] for one in told if one["outcome"] in ("warned", "missed")]
    return lines + ([f"Published: {', '.join(passed)}"] if passed else [])


def summary(found: dict[str, Any], mutations: list[Mutation]) -> list[str]:
    """The result in a few lines for the terminal."""
    lines: list[str] = []
    if "mutations" in found:
        trials = found["mutations"]["trials"]
        named = ", ".join(f"{count} {outcome}" for outcome, count in counts(trials).items())
        lines.append(
            f"{len({t['mutation'] for t in trials})} mutations in {len(trials)} trials: {named};"
            f" {kept_out_percent(trials):.1f} % kept from readers ({found['mutations']['minutes']} min)"
        )
    if "nights" in found:
        nights = found["nights"]["nights"]
        held = sum(bool(night["critical"]) for night in nights)
        lines.append(f"{len(nights)} clean nights, {held} held back ({found['nights']['minutes']} min)")
    return lines + [f"Not as it must be: {fault}" for fault in faults(found, mutations)]
