"""Made-up input for the pages: one count and one share, measured of many authorities."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal

import examples
from comparison_examples import point
from examples import OWN, indicator, indicators, statement, value

from kvalitet.reports import model as m
from kvalitet.reports import render

BOARD = "ankestyrelsen"
DECIDED = "Afgjorte klagesager i Ankestyrelsen"
LETTERS = "ABDEFGHIJKLMNOPRSTUVÆØÅ"
YEARS = ("2019", "2020", "2021", "2022", "2023")


#: The ordinary pages that say something of many authorities.
SAYING_SO = ("index.html", "udvikling.html", "fordelinger.html", "afstemning.html", "aendringer.html")


def site() -> dict[str, str]:
    """The usual site, with the pages of twelve authorities. What stands there twice has `mange-` before its name."""
    pages = render.figure_pages(crowd(12))
    compared = {name: text for name, text in pages.items() if name.startswith("myndigheder-")}
    beside = compared | {f"mange-{name}": pages[name] for name in SAYING_SO}
    return examples.site() | {f"publikation-2/{name}": text for name, text in beside.items()}


def name(number: int) -> str:
    """The names of authorities are spread over the alphabet."""
    return f"{LETTERS[number % len(LETTERS)]}lev {number} Kommune"


def of(authority: str, indicator_id: str, label: str, number: float | None, **more) -> m.Value:
    is_hidden = {"is_suppressed": number is None, "status": "skjult" if number is None else "endelig"}
    fields = {"authority": authority, "population_da": DECIDED, "is_fictional": authority == OWN} | is_hidden
    return value(indicator_id, BOARD, label, number, **(fields | more))


def crowd(count: int) -> m.Indicators:
    """The usual publication, in which `count` authorities, the own one among them, have appeals for five years.

    Each has a trend, a restated figure, a disagreement between publications, and figures by three laws.
    """
    authorities = [OWN, *(name(number) for number in range(1, count))]
    whole = indicators()
    return replace(
        whole,
        own_authority=OWN,
        indicators=(
            *whole.indicators,
            indicator("ankesager_afgjort", "Afgjorte ankesager", direction="neutral", population_da=DECIDED,
                      is_additive_over_organisations=True),
        ),
        values=(*whole.values, *(v for n, a in enumerate(authorities) for v in _values(n, a)),
                *(of("Hele landet", "ankesager_afgjort", label, 9_999) for label in YEARS)),
        trends=(
            *whole.trends,
            *(
                point(f"{number:032x}", "omgoerelsesprocent", BOARD, "alle", label, 30, authority=authority,
                      period_kind="kalenderaar", segment=1, trend_status="for_kort", points_in_limits=5,
                      is_fictional=authority == OWN)
                for number, authority in enumerate(authorities)
                for label in YEARS
            ),
        ),
        restated=(
            *whole.restated,
            *(
                m.RestatedFigure("ankesager_afgjort", BOARD, authority, "kalenderaar", "2023", date(2023, 1, 1),
                                 "split", None, *(Decimal(n) for n in (40, 0, 0, 0, 2, 42)))
                for authority in authorities
            ),
        ),
        statements=(
            *whole.statements,
            *(
                statement("Aktivloven", "omgoerelse", "pct", share, title, authority=authority,
                          is_chosen=title == "Artikel")
                for authority in authorities
                for share, title in (("26", "Artikel"), ("26.7", "Statistik"))
            ),
        ),
    )  # fmt: skip


def _values(number: int, authority: str) -> Iterator[m.Value]:
    for place, label in enumerate(YEARS):
        decided = 100 + number + place
        yield of(authority, "ankesager_afgjort", label, decided)
        yield of(authority, "omgoerelsesprocent", label, 20 + number % 40, numerator=Decimal(20 + number % 40),
                 denominator=Decimal(100))  # fmt: skip
    for law in ("Aktivloven", "Serviceloven", "Sygedagpengeloven"):
        yield of(authority, "omgoerelsesprocent", "2023", 25, breakdown_kind="lov", breakdown_member=law)
