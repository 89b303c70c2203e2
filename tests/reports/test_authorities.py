"""Indicators measured of many authorities: ranks, totals, and pages that stay small. Expected by hand."""

import re
from dataclasses import replace
from decimal import Decimal
from html.parser import HTMLParser
from pathlib import Path

import pytest
from crowd_examples import crowd, name, of
from examples import OWN, indicator, indicators

from kvalitet.reports import render, retention
from kvalitet.reports.model import Indicators, Value
from kvalitet.reports.views import authorities
from kvalitet.reports.views.authorities import Comparison, Line

KB = 1_000
COUNT, SHARE = "ankesager_afgjort", "omgoerelsesprocent"


def publication(*values: Value, direction: str = "neutral", **more) -> Indicators:
    """A publication of one count and one share."""
    return replace(
        indicators(),
        own_authority=OWN,
        indicators=(
            indicator(COUNT, "Afgjorte ankesager", direction=direction, is_additive_over_organisations=True),
            indicator(SHARE, "Omgørelsesprocent", "pct", 1, direction=direction),
        ),
        values=values,
        **({"trends": (), "restated": (), "statements": ()} | more),
    )


def counts(*numbers: float | None, label: str = "2023", **more) -> list[Value]:
    """The count of the own authority first, then of By 1, By 2 and so on."""
    names = [OWN, *(f"By {number}" for number in range(1, len(numbers)))]
    return [of(authority, COUNT, label, number, **more) for authority, number in zip(names, numbers, strict=True)]


def compared(data: Indicators) -> Comparison:
    (page,) = authorities.apart(data).pages
    (table,) = page.tables
    return table


def texts(lines: tuple[Line, ...]) -> dict[str, list[str]]:
    return {line.label: [cell.text for cell in line.cells] for line in lines}


#: Nine authorities: 30 + 10 + 20 + 20 + 50 + 40 + 60 + 70 + 80 = 380, in the middle 40.
NINE = (30, 10, 20, 20, 50, 40, 60, 70, 80)


def test_highest_is_first_equals_share_a_place():
    table = compared(publication(*counts(*NINE)))
    places = [(line.label, line.rank) for line in table.lines]
    assert places == [
        ("By 8", "1"), ("By 7", "2"), ("By 6", "3"), ("By 4", "4"), ("By 5", "5"), (OWN, "6"), ("By 2", "7"),
        ("By 3", "7"), ("By 1", "9"),
    ]  # fmt: skip
    assert (table.own, table.period, table.order) == ("nr. 6 af 9", "2023", "1 er det højeste tal")


def test_lowest_is_first_where_lower_is_better():
    table = compared(publication(*counts(*NINE), direction="lavere_er_bedre"))
    assert [line.label for line in table.lines][:4] == ["By 1", "By 2", "By 3", OWN]
    assert table.own == "nr. 4 af 9"


def test_totals_stand_first_country_is_unranked():
    table = compared(publication(*counts(*NINE), of("Hele landet", COUNT, "2023", 377)))
    assert texts(table.first) == {
        OWN: ["30"], "Hele landet": ["377"], "Myndighederne tilsammen": ["380"], "Den midterste (median)": ["40"],
        "Myndigheder med tal": ["9"],
    }  # fmt: skip
    assert "Hele landet" not in texts(table.lines) and table.own == "nr. 6 af 9"


def test_hidden_figure_cannot_be_subtracted():
    """Without By 8's 80: the middle of 10, 20, 20, 30, 40, 50, 60 and 70 is 35."""
    hidden = (*NINE[:-1], None)
    table = compared(publication(*counts(*hidden), *counts(*NINE, label="2022")))
    assert texts(table.first) == {
        OWN: ["30", "30"], "Myndighederne tilsammen": ["380", "–"], "Den midterste (median)": ["40", "35"],
        "Myndigheder med tal": ["9", "8"],
    }  # fmt: skip
    assert (table.lines[-1].label, table.lines[-1].rank, table.lines[-1].cells[-1].text) == ("By 8", "", "skjult")
    assert table.own == "nr. 5 af 8"


def test_share_of_all_is_summed_from_counts():
    """8 × 10 of 100, and 90 of 200: 170 of 1,000 is 17.0 %, while the mean of the shares is 13.9 %."""
    small = [of(f"By {n}", SHARE, "2023", 10, numerator=Decimal(10), denominator=Decimal(100)) for n in range(1, 9)]
    large = of(OWN, SHARE, "2023", 45, numerator=Decimal(90), denominator=Decimal(200))
    assert texts(compared(publication(*small, large)).first)["Myndighederne tilsammen"] == ["17,0"]
    without_counts = replace(large, numerator=None, denominator=None)
    assert "Myndighederne tilsammen" not in texts(compared(publication(*small, without_counts)).first)


def test_nonadditive_counts_have_no_sum():
    data = publication(*counts(*NINE))
    data = replace(data, indicators=tuple(replace(i, is_additive_over_organisations=False) for i in data.indicators))
    assert "Myndighederne tilsammen" not in texts(compared(data).first)


def test_places_are_of_newest_final_period():
    """A period of only a few authorities gives no places."""
    running = counts(*reversed(NINE), label="2025", status="foreloebig")
    few = counts(*NINE[:4], label="2024")
    table = compared(publication(*counts(*NINE), *running, *few))
    assert (table.period, table.columns, table.own) == ("2023", ("2023", "2024", "2025"), "nr. 6 af 9")


def test_eight_authorities_have_a_table_each():
    divided = authorities.apart(publication(*counts(*NINE[:8]), of("Hele landet", COUNT, "2023", 300)))
    assert divided.pages == () and len(divided.shown.values) == 9
    page = render.figure_pages(divided.shown)["index.html"]
    assert page.count('<table class="figures">') == 9 and "Alle myndigheder" not in page


def test_breakdown_members_are_columns():
    laws = [
        of(f"By {n}", SHARE, year, number, breakdown_kind="lov", breakdown_member=law)
        for n in range(1, 10)
        for year, law, number in (("2022", "Aktivloven", 9), ("2023", "Aktivloven", n), ("2023", "Serviceloven", 7))
    ]
    (page,) = authorities.apart(publication(*laws)).pages
    (table,) = page.tables
    assert (page.file, table.period, table.columns) == (
        "myndigheder-omgoerelsesprocent-lov.html", "2023", ("Aktivloven", "Serviceloven"),
    )  # fmt: skip
    assert texts(table.lines)["By 3"] == ["3,0", "7,0"] and not table.lines[0].rank


class Links(HTMLParser):
    """The links within a page, and what they may lead to."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.anchors: list[str] = []
        self.ids: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        if tag == "a" and (found.get("href") or "").startswith("#"):
            self.anchors.append(str(found["href"])[1:])
        if found.get("id"):
            self.ids.append(str(found["id"]))


@pytest.fixture(scope="module")
def pages() -> dict[str, str]:
    return render.figure_pages(crowd(567))


class TestFiveHundredAndSixtySevenAuthorities:
    def test_each_page_stays_small(self, pages: dict[str, str]):
        sizes = {name: len(text.encode()) for name, text in pages.items()}
        assert max(sizes.values()) <= 500 * KB, sizes

    def test_authorities_are_rows_of_two_tables(self, pages: dict[str, str]):
        few = render.figure_pages(crowd(9))
        for file in ("index.html", "fordelinger.html", "aendringer.html", "afstemning.html", "udvikling.html"):
            assert pages[file].count("<table") == few[file].count("<table"), file
        added = {file: text.count("<table") for file, text in pages.items() if file.startswith("myndigheder-")}
        assert added == {
            "myndigheder-ankesager_afgjort.html": 2, "myndigheder-omgoerelsesprocent.html": 2,
            "myndigheder-omgoerelsesprocent-lov.html": 2,
        }  # fmt: skip
        assert all(pages[file].count("<tr id=") == 567 for file in added)

    def test_own_authority_stands_first(self, pages: dict[str, str]):
        page = pages["myndigheder-ankesager_afgjort.html"]
        assert "<h1>Afgjorte ankesager: 567 myndigheder</h1>" in page
        # The own authority has the fewest of all.
        assert f"{OWN} er nr. 567 af 567 i 2023." in page and f"{OWN} er nr. 567 af 567 i 2023." in pages["index.html"]
        first_row = page[page.index("<tbody>") :].split("</tr>")[0]
        assert OWN in first_row and 'class="num">567</td>' in first_row
        assert page.index("Hele landet") < page.index("Find en myndighed")

    def test_each_authority_is_in_the_index(self, pages: dict[str, str]):
        for name_of_page, page in pages.items():
            links = Links(page)
            assert set(links.anchors) <= {*links.ids}, name_of_page
        page = pages["myndigheder-ankesager_afgjort.html"]
        found = re.search(rf'<a href="#([^"]+)">{name(300)}</a>', page)
        assert found and re.search(rf'<tr id="{found[1]}"><th scope="row">{name(300)}</th>', page)

    def test_what_is_left_out_is_counted(self, pages: dict[str, str]):
        assert "566 serier for andre myndigheder" in pages["udvikling.html"]
        others = pages["aendringer.html"].split('id="andre"')[1]
        assert others.count('<td class="num">566</td>') == 2
        assert pages["afstemning.html"].split("uenige-andre")[2].count('<tr><th scope="row">') >= 566


def test_long_page_shows_newest_periods():
    quarters = [f"{year}-K{quarter}" for year in range(2004, 2024) for quarter in (1, 2, 3, 4)]
    values = [of(name(n), COUNT, label, 100 + n) for n in range(567) for label in quarters]
    table = compared(publication(*values))
    assert (len(table.columns), table.all_columns, table.columns[-1]) == (8, 80, "2023-K4")
    page = render.figure_pages(publication(*values))["myndigheder-ankesager_afgjort.html"]
    assert "Der er 8 af 80 kolonner her, de seneste" in page and len(page.encode()) <= 500 * KB


def test_authority_pages_are_removed_too(tmp_path: Path):
    for name_of_page in ("index.html", "myndigheder-ankesager_afgjort.html", "validering.html"):
        (tmp_path / name_of_page).touch()
    retention.remove(tmp_path)
    assert [file.name for file in tmp_path.iterdir()] == ["validering.html"]
