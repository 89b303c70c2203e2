"""What changed since the publication before, and why. Each change is split in one fixed order."""

from dataclasses import dataclass
from decimal import Decimal

from kvalitet.reports import danish, words
from kvalitet.reports.model import Indicators, RestatedFigure
from kvalitet.reports.views.tables import group, importance

STEPS = ("definition_change", "reclassification_change", "correction_change", "late_data_change")


@dataclass(frozen=True)
class Change:
    """One changed figure as text. `steps` are in the order of words.RESTATED."""

    period: str
    before: str
    steps: tuple[str, ...]
    after: str
    remark: str


@dataclass(frozen=True)
class ChangedIndicator:
    name: str
    source_name: str
    authority: str
    period_kind: str
    changes: tuple[Change, ...]


def changed(data: Indicators) -> list[ChangedIndicator]:
    """The changed figures of wholes, indicator by indicator in their order of importance."""
    definitions = data.definitions()
    grouped: dict[tuple[str, str, str, str], list[RestatedFigure]] = {}
    for f in sorted(data.restated, key=lambda f: f.period_start):
        if f.indicator_id in definitions:
            grouped.setdefault((f.source_id, f.indicator_id, f.authority, f.period_kind), []).append(f)
    found = []
    for (source_id, indicator_id, authority, kind), figures in grouped.items():
        definition, source = definitions[indicator_id], data.source(source_id)
        changes = tuple(_change(f, definition.decimals) for f in figures)
        entry = ChangedIndicator(
            definition.name_da, source.name_da, authority, words.PERIOD_KIND.get(kind, kind), changes
        )
        found.append((source.source_number or 99, importance(definition), authority, kind, entry))
    return [entry for *_, entry in sorted(found, key=lambda f: f[:-1])]


@dataclass(frozen=True)
class ChangedElsewhere:
    """How many figures of an indicator have changed, and of how many authorities."""

    name: str
    source_name: str
    period_kind: str
    authorities: int
    figures: int


def counted(data: Indicators) -> list[ChangedElsewhere]:
    """The changed figures of wholes as one line for each indicator and kind of period."""
    definitions = data.definitions()
    grouped = group(data.restated, lambda f: (f.source_id, f.indicator_id, f.period_kind))
    found = []
    for (source_id, indicator_id, kind), figures in grouped.items():
        if indicator_id in definitions:
            source, definition = data.source(source_id), definitions[indicator_id]
            authorities = len({f.authority for f in figures})
            line = ChangedElsewhere(
                definition.name_da, source.name_da, words.PERIOD_KIND.get(kind, kind), authorities, len(figures)
            )
            found.append((source.source_number or 99, importance(definition), kind, line))
    return [line for *_, line in sorted(found, key=lambda f: f[:-1])]


def _change(f: RestatedFigure, decimals: int) -> Change:
    remark = {"new": "Nyt tal", "gone": "Udgået", "hidden": "Ikke opdelt: et af trinene rummer et skjult tal"}
    steps = [getattr(f, step) for step in STEPS]
    cause = f": {words.RESTATED.get(f.cause, f.cause).lower()}" if f.cause else ""
    return Change(
        f.period_label,
        danish.number(f.value_from, decimals),
        tuple(_signed(step, decimals) for step in steps),
        danish.number(f.value_to, decimals),
        remark[f.status] + cause if f.status in remark else "",
    )


def _signed(value: Decimal | None, decimals: int) -> str:
    """`+3`, `−1,5`. A dash where the step is not known, empty where it changed nothing."""
    if value is None:
        return danish.MISSING
    if not value:
        return ""
    text = danish.number(value, decimals + 1 if decimals and abs(value) < Decimal(1).scaleb(-decimals) else decimals)
    return text if text.startswith(("−", "0")) else f"+{text}"
