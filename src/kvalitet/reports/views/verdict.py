"""The verdict on a build in words, and its checks counted so that every total has its denominator."""

from collections import Counter
from dataclasses import dataclass

from kvalitet.reports import danish, words
from kvalitet.reports.model import Check, Validation

#: Worst first: the order in which checks are shown.
STATUSES = ("error", "failed", "not_applicable", "passed")
SEVERITIES = ("critical", "warning")


@dataclass(frozen=True)
class Verdict:
    tone: str  # good | warn | bad | neutral
    title: str
    meaning: str
    counts: str


@dataclass(frozen=True)
class CheckGroup:
    severity: str
    checks: tuple[Check, ...]


def verdict(data: Validation) -> Verdict:
    """The verdict of the gate and what it means for readers."""
    blocking = [check for check in data.checks if check.is_blocking]
    warnings = [c for c in data.checks if c.severity == "warning" and c.status in ("failed", "error")]
    counted = counts(data.checks)
    if data.publication:
        tone = "warn" if warnings else "good"
        title = "Godkendt og offentliggjort"
        if warnings:
            title += f" med {len(warnings)} {words.plural(len(warnings), 'advarsel', 'advarsler')}"
        return Verdict(tone, title, "Ingen kritisk kontrol stod i vejen, og læserne fik disse tal.", counted)
    match data.build.status:
        case "held_back":
            by = f"{len(blocking)} {words.plural(len(blocking), 'kritisk kontrol', 'kritiske kontroller')}"
            meaning = "Tallene er ikke vist for nogen læser. Den forrige publikation står uændret."
            return Verdict("bad", f"Holdt tilbage af {by}" if blocking else "Holdt tilbage", meaning, counted)
        case "passed":
            meaning = "Kandidaten må offentliggøres, men er det endnu ikke."
            return Verdict("neutral", "Godkendt, ikke offentliggjort", meaning, counted)
        case status:
            meaning = "Opbygningen nåede ikke til en afgørelse. Den forrige publikation står uændret."
            return Verdict("bad", words.BUILD.get(status, status), meaning, counted)


def groups(checks: tuple[Check, ...]) -> list[CheckGroup]:
    """The checks by severity, critical first, and in each the worst status first; empty groups left out."""
    worst_first = sorted(checks, key=lambda check: (STATUSES.index(check.status), check.table_name, check.check_id))
    found = [CheckGroup(severity, tuple(c for c in worst_first if c.severity == severity)) for severity in SEVERITIES]
    return [group for group in found if group.checks]


def matrix(checks: tuple[Check, ...]) -> list[tuple[str, list[int], int]]:
    """Per severity the number of checks in each status and in all; the last line is the sum."""
    counted = Counter((check.severity, check.status) for check in checks)
    lines = [(words.SEVERITY[severity], [counted[severity, s] for s in STATUSES]) for severity in SEVERITIES]
    lines.append(("I alt", [sum(counted[severity, s] for severity in SEVERITIES) for s in STATUSES]))
    return [(label, numbers, sum(numbers)) for label, numbers in lines]


def counts(checks: tuple[Check, ...]) -> str:
    if not checks:
        return "Ingen kontroller er målt."
    by_status = Counter(check.status for check in checks)
    relevant = len(checks) - by_status["not_applicable"]
    text = (
        f"{by_status['passed']} af {relevant} relevante kontroller er opfyldt "
        f"({danish.share(by_status['passed'], relevant)})."
    )
    if skipped := by_status["not_applicable"]:
        text += f" {skipped} {words.plural(skipped, 'kontrol var ikke relevant', 'kontroller var ikke relevante')}"
        text += " i denne opbygning og tæller hverken med som opfyldt eller ikke opfyldt."
    return text
