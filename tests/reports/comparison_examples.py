"""Made-up input for the pages that compare: one of every kind of state, and the worst texts that can occur."""

from collections.abc import Iterator, Set
from datetime import date
from decimal import Decimal
from typing import Any

from kvalitet.reports import model as m

OWN = "Beskæftigelses- og Integrationsforvaltningen i Eksempelby Kommune (fiktiv)"
SCRIPT = "<script>alert(1)</script>"


def comparisons() -> dict[str, Any]:
    """The fields of `m.Indicators` that hold comparisons."""
    return {
        "breaks": (
            m.Break("borgertilfredshed_tilfreds_pct", None, date(2024, 1, 1), "Nyt spørgeskema"),
            m.Break("endnu_ukendt", OWN, date(2020, 1, 1), "Nyt sagssystem"),
        ),
        "trends": tuple(trend_points()),
        "risks": risks(),
        "plan": (
            m.PlanLine("sanktioner", 3, 3, date(2024, 11, 1), 30, 2024, 61, 120),
            m.PlanLine("sygedagpenge", 1, 12, date(2025, 5, 1), 10, 2024, 10, 10),
            m.PlanLine("sanktioner", 2, 6, None, 20, 2023, 40, 40),
        ),
        "triangulation": (
            m.Triangulation("sanktioner", "2024", 9, 30, 100, 4, 51, 12, Decimal("30"), Decimal("4"), "uenige", True),
            m.Triangulation("sanktioner", "2023", 4, 40, 40, 3, 50, 11, Decimal("10"), Decimal("7.5"), "enige", False),
            m.Triangulation("sygedagpenge", "2024", None, None, 9, 0, 7, None, None, Decimal(0), "for_lidt_data", None),
        ),
        "follow_up": follow_up(),
        "reconciliation": reconciliations(),
        "restatement": m.Restatement(1, 2, date(2024, 11, 19), date(2024, 11, 20), 2, 1, 0, 4, 17, 31),
        "restated": (
            restated("klager_modtaget", "2023", "split", None, 1140, 0, 2, -1, 8, 1149),
            restated("klager_modtaget", "2024", "new", "late_data", None, None, None, None, None, 987),
            restated("klager_gengangere_pct", "2023", "hidden", None, 13.1, None, None, None, None, 14.0),
        ),
    }  # fmt: skip


def trend_points() -> Iterator[m.TrendPoint]:
    """Four kinds of series.

    One has quarters with a signal, a hidden and a running one. One is broken, one is of a centre, and one is too short.
    """
    counts = [250, 262, 241, 255, 248, 259, None, 251, 244, 256, 263, 310, 221]
    yield from series("a" * 32, "klager_modtaget", "klagesager", "alle", counts, signals={11}, running=12)
    yield from series("b" * 32, "klager_modtaget", "klagesager", "C01", [20, 22, 21, 19] * 4, signals={15},
                      lines=("13.8", "20.5", "27.2"))  # fmt: skip
    shares = [70, 72, 71, 69] * 3 + [90, 91]
    yield from series("c" * 32, "klager_besvaret_inden_frist_pct", "klagesager", "alle", shares, broken=12,
                      lines=("66.2", "70.5", "74.8"))  # fmt: skip
    survey = {"2022": 79, "2024": 74.5}
    for label, number in survey.items():
        yield point("d" * 32, "borgertilfredshed_tilfreds_pct", "borgertilfredshed", "alle", label, number,
                    segment=1 if label == "2022" else 2, trend_status="for_kort", points_in_limits=1,
                    break_reason_da=None if label == "2022" else "Nyt spørgeskema",
                    period_kind="kalenderaar", authority="Københavns Kommune", is_fictional=False)  # fmt: skip


def series(
    key: str,
    indicator_id: str,
    source: str,
    unit: str,
    numbers: list,
    signals: Set[int] = frozenset(),
    running: int | None = None,
    broken: int | None = None,
    lines: tuple[str, str, str] = ("221.5", "252", "282.5"),
) -> Iterator[m.TrendPoint]:
    lower, centre, upper = (Decimal(line) for line in lines)
    for place, number in enumerate(numbers):
        is_after = broken is not None and place >= broken
        yield point(
            key, indicator_id, source, unit, f"{2021 + place // 4}-K{place % 4 + 1}", number,
            status="skjult" if number is None else "foreloebig" if place == running else "endelig",
            segment=2 if is_after else 1, trend_status="for_kort" if is_after else "ok",
            break_reason_da="Nyt sagssystem" if is_after else None, is_signal=place in signals,
            signal_rule="uden_for_graense; otte_paa_samme_side" if place in signals else None,
            lower_limit=None if is_after else lower, centre_line=None if is_after else centre,
            upper_limit=None if is_after else upper, points_in_limits=2 if is_after else 12,
        )  # fmt: skip


def point(
    key: str, indicator_id: str, source: str, unit: str, label: str, number: float | None, **more
) -> m.TrendPoint:
    year, quarter = int(label[:4]), int(label[-1]) if "K" in label else 1
    fields = {
        "authority": OWN, "period_kind": "kvartal", "centre_line": None, "lower_limit": None, "upper_limit": None,
        "signal_rule": None, "status": "endelig", "break_reason_da": None, "is_seasonally_adjusted": False,
        "is_signal": False, "is_fictional": True,
    }  # fmt: skip
    return m.TrendPoint(
        series_key=key, indicator_id=indicator_id, source_id=source, organisation_id=unit, period_label=label,
        period_start=date(year, 3 * quarter - 2, 1), value=None if number is None else Decimal(str(number)),
        **(fields | more),
    )  # fmt: skip


def risks() -> tuple[m.RiskLevel, ...]:
    def area(area_id: str, name: str, score: str | None, level: int | None, name_of_level: str | None, why: str | None):
        number = None if score is None else Decimal(score)
        return m.RiskLevel(area_id, name, date(2024, 9, 1), number, number, number, level, name_of_level, why, True)

    return (
        area("sygedagpenge", "Sygedagpenge", "1.4", 1, "Overvågning", None),
        area("sanktioner", "Sanktioner", "4.2", 3, "Intensiveret tilsyn", f"Jura 5; økonomi 4; {SCRIPT}"),
        area("it_sikkerhed", "IT-sikkerhed", None, None, None, None),
    )


def follow_up() -> tuple[m.FollowUp, ...]:
    def promise(number: str, source: str, status: str, late: int | None, cause: tuple[str, str] | None, **more):
        fields = {
            "follow_up_kind": "anbefaling", "risk_area_id": "sanktioner", "centre_id": "C01", "owner": "Centerchefen",
            "opened_date": date(2024, 1, 2), "due_date": date(2024, 9, 1), "closed_date": None, "age_days": 323,
            "is_external": source != "ledelsestilsyn", "is_fictional": True,
        }  # fmt: skip
        kind, of = cause or (None, None)
        return m.FollowUp(source_id=source, follow_up_number=number, caused_by_kind=kind, caused_by_number=of,
                          follow_up_status=status, is_overdue=late is not None, days_overdue=late,
                          **(fields | more))  # fmt: skip

    return (
        promise("REV-7", "revision", "aaben", 12, ("revisionsbemaerkning", "2023-4")),
        promise("BR-2", "borgerraadgiveren", "delvist_lukket", 80, ("sag", "2023-17309")),
        promise("LT-1", "ledelsestilsyn", "aaben", None, ("tilsyn", "T-9"), due_date=date(2025, 1, 1), owner=None),
        promise("LT-0", "ledelsestilsyn", "lukket", None, None),
        promise("LT-2", "ledelsestilsyn", "lukket", 5, None),
    )


def reconciliations() -> tuple[m.Reconciliation, ...]:
    def pair(subject: str, left: str, right: str, verdict: str, **more) -> m.Reconciliation:
        fields = {
            "authority": "Hele landet", "period_kind": "kalenderaar", "period_label": "2021", "measure": "i_alt",
            "member": "alle",
            "left_said_by": "Omgørelsesstatistik 2021", "left_url": "https://example.org/a",
            "right_said_by": "Årsartikel 2021", "right_url": "javascript:alert(1)", "tolerance": Decimal(0),
            "explained_by": None, "explanation_da": None,
        }  # fmt: skip
        return m.Reconciliation(
            subject_da=subject, left_value=Decimal(left), right_value=Decimal(right),
            difference=Decimal(left) - Decimal(right), verdict=verdict, **(fields | more),
        )  # fmt: skip

    return (
        pair("Kommunale sager", "20097", "21018", "afviger"),
        pair("Aktivloven", "26.7", "27", "inden_for_afrunding", tolerance=Decimal("0.5")),
        pair("Beskæftigelsesindsatsloven", "19", "15", "forklaret", explained_by="Kvalitetsenheden",
             explanation_da=f"Gammel og ny lov er lagt sammen {SCRIPT}"),
        pair("Sygedagpengeloven", "18", "18", "stemmer"),
    )  # fmt: skip


def restated(indicator_id: str, label: str, status: str, cause: str | None, *numbers: float | None) -> m.RestatedFigure:
    steps = [None if n is None else Decimal(str(n)) for n in numbers]
    return m.RestatedFigure(
        indicator_id, "klagesager", OWN, "kalenderaar", label, date(int(label), 1, 1), status, cause, *steps
    )
