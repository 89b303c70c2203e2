"""The verdict on a build in words, and the counts of its checks, in which every total has its denominator."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from kvalitet.reports import danish, words
from kvalitet.reports.languages import Language
from kvalitet.reports.model import Check, Validation

#: Worst first: the order in which checks are shown.
STATUSES = ("error", "failed", "not_applicable", "held", "passed")
SEVERITIES = ("critical", "warning")
#: Groups of checks that belong to no single source.
SEVERAL, REPORTS, NONE = "Flere kilder", "Rapporttabeller", "Faste lister og regler"


@dataclass(frozen=True)
class Verdict:
    tone: str  # good | warn | bad | neutral
    title: str
    meaning: str
    counts: str


@dataclass(frozen=True)
class Line:
    """The number of checks in each of STATUSES, of one kind."""

    label: str
    source_id: str | None
    numbers: tuple[int, ...]

    @property
    def total(self) -> int:
        return sum(self.numbers)


@dataclass(frozen=True)
class CheckGroup:
    severity: str
    checks: tuple[Check, ...]


def verdict(data: Validation, language: Language) -> Verdict:
    """The verdict of the gate and what it means for readers."""
    _ = language.label
    blocking = sum(check.is_blocking for check in data.checks)
    warnings = sum(check.is_warning for check in data.checks)
    waived = sum(check.is_waived for check in data.checks)
    counted = counts(data.checks, language)
    if data.publication:
        title = _("Godkendt og offentliggjort")
        if warnings:
            title += _(" med ") + language.plural(warnings, "%(num)s advarsel", "%(num)s advarsler")
        meaning = _("Ingen kritisk kontrol stod i vejen, og læserne fik disse tal.")
        if waived:
            meaning += " " + language.plural(
                waived,
                "%(num)s kontrol, der ikke er opfyldt, er fraveget efter en beslutning.",
                "%(num)s kontroller, der ikke er opfyldt, er fraveget efter beslutninger.",
            )
        return Verdict("warn" if warnings or waived else "good", title, meaning, counted)
    match data.build.status:
        case "held_back":
            by = language.plural(
                blocking, "Holdt tilbage af %(num)s kritisk kontrol", "Holdt tilbage af %(num)s kritiske kontroller"
            )
            meaning = _("Tallene er ikke vist for nogen læser. Den forrige publikation står uændret.")
            return Verdict("bad", by if blocking else _("Holdt tilbage"), meaning, counted)
        case "passed":
            meaning = _("Kandidaten må offentliggøres, men er det endnu ikke.")
            return Verdict("neutral", _("Godkendt, ikke offentliggjort"), meaning, counted)
        case status:
            meaning = _("Opbygningen nåede ikke til en afgørelse. Den forrige publikation står uændret.")
            return Verdict("bad", _(words.BUILD.get(status, status)), meaning, counted)


def groups(checks: tuple[Check, ...]) -> list[CheckGroup]:
    """The checks by severity, critical first, and in each the worst status first. Empty groups are left out."""
    worst_first = sorted(checks, key=lambda check: (STATUSES.index(check.status), check.table_name, check.check_id))
    found = [CheckGroup(severity, tuple(c for c in worst_first if c.severity == severity)) for severity in SEVERITIES]
    return [group for group in found if group.checks]


def skipped(checks: Iterable[Check]) -> list[tuple[str, list[str]]]:
    """Why checks had nothing to measure: each reason once, with the ids of its checks."""
    reasons: defaultdict[str, list[str]] = defaultdict(list)
    for check in checks:
        if check.status == "not_applicable":
            reasons[check.detail or ""].append(check.check_id)
    return list(reasons.items())


def matrix(checks: tuple[Check, ...], language: Language) -> list[Line]:
    """The checks counted by severity. The last line is the sum."""
    rows = {s: [check for check in checks if check.severity == s] for s in SEVERITIES}
    return _lines(((language.label(words.SEVERITY[s]), None, found) for s, found in rows.items()), checks, language)


def by_source(data: Validation, language: Language) -> list[Line]:
    """The checks counted by the source that their table takes from, each check once. The last line is the sum."""
    grouped: defaultdict[str, list[Check]] = defaultdict(list)
    for check in data.checks:
        sources = data.sources_of.get(check.table_name, ())
        if check.table_name.startswith("rpt_"):
            grouped[REPORTS].append(check)
        else:
            grouped[sources[0] if len(sources) == 1 else SEVERAL if sources else NONE].append(check)
    names: dict[str, tuple[str, str | None]] = {
        source: (data.source_names.get(source, source), source) for source in sorted(grouped)
    }
    names |= {group: (language.label(group), None) for group in (SEVERAL, REPORTS, NONE) if group in grouped}
    ordered = sorted(grouped, key=lambda group: (group in (SEVERAL, REPORTS, NONE), danish.order(names[group][0])))
    rows = ((names[group][0], names[group][1], grouped[group]) for group in ordered)
    return _lines(rows, data.checks, language)


def _lines(
    rows: Iterable[tuple[str, str | None, list[Check]]], checks: tuple[Check, ...], language: Language
) -> list[Line]:
    def line(label: str, source_id: str | None, found: Iterable[Check]) -> Line:
        counted = Counter(check.status for check in found)
        return Line(label, source_id, tuple(counted[status] for status in STATUSES))

    return [*(line(*row) for row in rows), line(language.label("I alt"), None, checks)]


def counts(checks: tuple[Check, ...], language: Language) -> str:
    if not checks:
        return language.label("Ingen kontroller er målt.")
    by_status = Counter(check.status for check in checks)
    relevant = len(checks) - by_status["not_applicable"] - by_status["held"]
    text = language.label(
        "%(passed)s af %(relevant)s relevante kontroller er opfyldt (%(share)s).",
        passed=language.number(by_status["passed"]),
        relevant=language.number(relevant),
        share=language.share(by_status["passed"], relevant),
    )
    if held := by_status["held"]:
        text += " " + language.plural(
            held,
            "%(num)s kontrol er sikret af databasen selv og tæller ikke med som opfyldt.",
            "%(num)s kontroller er sikret af databasen selv og tæller ikke med som opfyldt.",
        )
    if skipped := by_status["not_applicable"]:
        text += " " + language.plural(
            skipped,
            "%(num)s kontrol var ikke relevant i denne opbygning og tæller hverken med som opfyldt eller ikke opfyldt.",
            "%(num)s kontroller var ikke relevante i denne opbygning og tæller hverken med som opfyldt eller ikke "
            "opfyldt.",
        )
    return text
