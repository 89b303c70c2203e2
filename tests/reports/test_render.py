"""Pages from made-up input: what they say, and what they may not hold."""

import re
from dataclasses import replace
from datetime import date
from decimal import Decimal
from html.parser import HTMLParser

import pytest
from crowd_examples import site
from examples import FORMULA, check_records, checks, indicators, validation, value

from kvalitet.reports import auditing, charts, render
from kvalitet.reports.environment import STYLE, STYLE_SHEET
from kvalitet.reports.languages import DANISH, ENGLISH
from kvalitet.reports.model import CheckRecord, DeliveryChange, Indicators, Movement
from kvalitet.reports.pages import FIGURES
from kvalitet.reports.views import highlights, reconciliation, tables, verdict


@pytest.fixture(scope="module")
def pages() -> dict[str, str]:
    return site()


def figures_page(data: Indicators, name: str = "index.html") -> str:
    return render.figure_pages(data)[name]


class Page(HTMLParser):
    """The tags and visible text of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


NAMES = tuple(site())
FIGURE_NAMES = [f"publikation-2/{page.file}" for page in FIGURES]


@pytest.mark.parametrize("name", NAMES)
def test_page_loads_and_runs_nothing(pages: dict[str, str], name: str):
    page = Page(pages[name])
    assert not [tag for tag, _ in page.tags if tag in ("script", "img", "iframe", "object", "embed", "form", "base")]
    depth = "../" * name.count("/")
    assert [link["href"] for link in page.all("link")] == ["data:,", depth + STYLE_SHEET]
    assert not [a for _, attributes in page.tags for a in attributes if a.startswith("on") or a in ("style", "src")]
    assert "<style" not in pages[name] and not re.search(r"url\(|@import|@font-face", STYLE)
    assert "default-src 'none'" in str(page.all("meta")) and "unsafe" not in str(page.all("meta"))
    hosts = [a["href"] for a in page.all("a") if "//" in str(a["href"])]
    assert all(str(host).startswith("https://example.org/") for host in hosts)


@pytest.mark.parametrize("name", NAMES)
def test_page_is_readable_without_eyes_or_mouse(pages: dict[str, str], name: str):
    page = Page(pages[name])
    language = "en" if name.startswith("en/") else "da"
    assert (
        page.all("html") == [{"lang": language}] and len(page.all("h1")) == 1 and page.all("a")[0]["href"] == "#indhold"
    )
    assert len(page.all("table")) == len(page.all("caption"))
    assert all(th.get("scope") for th in page.all("th"))
    scrolling = [div for div in page.all("div") if "scroll" in str(div.get("class")).split()]
    assert all(div["tabindex"] == "0" and div["role"] == "region" for div in scrolling)
    assert len(page.all("svg")) == len(page.all("title")) - 1 == len(page.all("desc"))
    ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    named = [name for _, a in page.tags for name in (a.get("aria-labelledby") or "").split()]
    assert set(named) <= set(ids)


def test_same_input_gives_same_bytes(pages: dict[str, str]):
    shuffled = replace(
        indicators(),
        **{
            field: tuple(reversed(getattr(indicators(), field)))
            for field in (
                "values",
                "trends",
                "risks",
                "plan",
                "triangulation",
                "follow_up",
                "reconciliation",
                "restated",
            )
        },
    )
    for name, text in render.figure_pages(shuffled).items():
        assert text == pages[f"publikation-2/{name}"], name


def test_delivered_text_is_never_markup(pages: dict[str, str]):
    assert FORMULA in Page(pages["publikation-2/afstemning.html"]).text
    for name in ("publikation-2/afstemning.html", "publikation-2/risiko.html"):
        assert "javascript:" not in pages[name]
        assert "<script" not in pages[name] and "&lt;script&gt;" in pages[name]


def test_administration_gives_the_title():
    page = figures_page(replace(indicators(), brand="Kvalitet <Køge>"))
    assert "· Kvalitet &lt;Køge&gt;</title>" in page
    assert 'index.html">Kvalitet &lt;Køge&gt;</a>' in page


def test_fictional_authorities_are_marked(pages: dict[str, str]):
    assert all("Eksempeldata" in pages[name] for name in FIGURE_NAMES)
    unmarked = replace(value("klager_modtaget", "klagesager", "2023", 7), authority="Eksempelby")
    assert "Eksempelby (fiktiv)" in figures_page(replace(indicators(), values=(unmarked,)))
    real = tuple(v for v in indicators().values if not v.is_fictional)
    assert "Eksempeldata" not in figures_page(replace(indicators(), values=real))


def test_years_never_share_a_table():
    """Populations stand apart in the same table."""
    data = indicators()
    broken_down = [b for by_units in (True, False) for b in tables.breakdowns(data, by_units)]
    sources = [*tables.by_source(data), *(source for b in broken_down for source in b.sources)]
    for table in [table for source in sources for table in (*source.tables, *source.quarters)]:
        kinds = {("/" in c and "report") or ("K" in c and "quarter") or "calendar" for c in table.columns}
        assert len(kinds) == 1 and table.authority and all(block.population for block in table.blocks)
    both = (
        value("klager_modtaget", "klagesager", "2023", 1),
        value("klager_modtaget", "klagesager", "2023/24", 2),
        replace(value("klager_modtaget", "klagesager", "2023", 3), population_da="Nogle klager"),
        replace(value("klager_modtaget", "klagesager", "2023", 4), authority="Gribskov Kommune", is_fictional=False),
    )
    (source,) = [s for s in tables.by_source(replace(data, values=both)) if s.tables]
    seen = [
        (t.authority[:5], t.columns, [(b.population[:5], b.rows[0].cells[0].text) for b in t.blocks])
        for t in source.tables
    ]
    assert seen == [
        ("Beskæ", ("2023",), [("Alle ", "1"), ("Nogle", "3")]),
        ("Beskæ", ("2023/24",), [("Alle ", "2")]),
        ("Gribs", ("2023",), [("Alle ", "4")]),
    ]


def test_definition_says_effect_of_set_aside_rows():
    movements = (
        Movement("klager_modtaget", 1, "2023", 13, 0, Decimal(350), Decimal(363)),
        Movement("klager_gengangere_pct", 1, "2023", 1, 2, None, None),
    )
    text = figures_page(replace(indicators(), movements=movements), "definitioner.html")
    assert "13 er ikke med, og 0 står" in text
    assert "Tallet for 2023 kan flytte sig fra 350 til 363, hvis alle hørte til dét år." in text
    assert "Hvor langt tallet for 2023 kan flytte sig, kan ikke afgrænses." in text
    assert text.count("Rækker sat til side") == 2


def test_hidden_and_provisional_are_marked():
    hidden = replace(value("klager_modtaget", "klagesager", "2023", None), is_suppressed=True, status="skjult")
    assert tables.figure(hidden, 0).text == "skjult"
    provisional = replace(value("klager_modtaget", "klagesager", "2024", 0), status="foreloebig")
    assert (tables.figure(provisional, 0).text, tables.figure(provisional, 0).mark) == ("0", "f")


def test_rows_are_in_danish_order():
    found = {b.kind: b for by_units in (True, False) for b in tables.breakdowns(indicators(), by_units)}
    by_theme = found["tema"].sources[0].tables[0]
    assert [row.label for row in by_theme.blocks[0].rows] == [
        "Afgørelse",
        "Sagsbehandlingstid",
        "Ældresager",
        "Økonomi",
        "Åbenhed",
    ]
    by_unit = found["enhed"].sources[0].tables[0]
    assert [row.label.split()[1] for row in by_unit.blocks[0].rows] == ["1", "2", "10", "11"]


def test_headline_compares_newest_final_years():
    first = highlights.headlines(indicators())[0]
    assert (first.cell.text, first.period_label, first.change, first.compared_with) == (
        "1.149",
        "2023",
        "−0,4 %",
        "2022",
    )
    share = highlights.headlines(indicators())[1]
    assert (share.cell.text, share.change) == ("74,3 %", "+3,3 procentpoint")
    gap = tuple(v for v in indicators().values if v.period_label != "2022")
    assert highlights.headlines(replace(indicators(), values=gap))[0].change == ""


def test_complaints_stand_beside_inquiries():
    kinds = [(p.series.indicator.indicator_id, p.series.period_kind) for p in highlights.panels(indicators())]
    assert kinds == [("klager_modtaget", "kalenderaar")] + 2 * [("borgerraadgiver_henvendelser", "beretningsaar")]


@pytest.mark.parametrize(("top", "ticks"), [("0", 2), ("7", 5), ("1186", 4), ("1000", 6), ("0.5", 6), ("26.7", 4)])
def test_bars_start_at_zero_inside_the_chart(top: str, ticks: int):
    points = [charts.Point("a", Decimal(top), top), charts.Point("b", None, "skjult")]
    chart = charts.bar_chart(points)
    assert all(charts.TOP <= bar.y <= chart.baseline and bar.y + bar.height == chart.baseline for bar in chart.bars)
    assert chart.ticks[0].text.strip("0,") == "" and chart.bars[1].is_missing
    assert len(chart.ticks) == ticks


def test_verdict_counts_every_check_once():
    data = validation(held_back=True)
    assert verdict.verdict(data, DANISH).title == "Holdt tilbage af 2 kritiske kontroller"
    assert verdict.verdict(data, DANISH).counts.startswith(
        "1 af 4 relevante kontroller er opfyldt (25,0 %). 1 kontrol var ikke"
    )
    assert verdict.matrix(data.checks, DANISH)[-1] == verdict.Line("I alt", None, (1, 2, 1, 0, 1))
    assert sum(len(group.checks) for group in verdict.groups(data.checks)) == len(checks(True))
    assert verdict.verdict(validation(), DANISH).title == "Godkendt og offentliggjort med 1 advarsel"
    nothing = replace(data, checks=(), build=replace(data.build, status="failed"))
    assert (
        verdict.verdict(nothing, DANISH).title == "Afbrudt"
        and verdict.verdict(nothing, DANISH).counts == "Ingen kontroller er målt."
    )


def test_reason_for_skipped_checks_is_said_once():
    why = "Der er ingen led."
    none = [replace(c, status="not_applicable", detail=why, severity="warning") for c in checks(True)[:2]]
    data = replace(validation(), checks=(*none, *checks(False)[2:]))
    assert verdict.skipped(data.checks) == [
        (why, ["fct_complaint_points_have_complaint", "fct_complaint_key_is_unique"]),
        ("Der er ingen bemærkninger fra 2024.", ["fct_audit_remark_carried_over"]),
    ]
    new = auditing.validation_page(data, DANISH, frozenset())
    assert new.count(why) == 1 and '/fct_complaint_key_is_unique.html"><code>' in new
    text = Page(auditing.validation_page(data, ENGLISH, frozenset(), is_old=True)).text
    assert "fct_complaint_key_is_unique, fct_complaint_points_have_complaint" in text


def test_database_held_checks_count_apart():
    """Of five checks one failed, one had nothing to measure, one is held and two passed."""
    why = "Primærnøgle (complaint_key)."
    held = replace(checks(False)[1], status="held", violations=None, denominator=None, detail=why)
    data = replace(validation(), checks=(checks(False)[0], held, *checks(False)[2:]))
    told = "1 kontrol er sikret af databasen selv og tæller ikke med som opfyldt."
    assert verdict.verdict(data, DANISH).counts.startswith(
        f"2 af 3 relevante kontroller er opfyldt (66,7 %). {told} 1 kontrol var ikke relevant"
    )
    assert verdict.matrix(data.checks, DANISH)[-1].numbers == (0, 1, 1, 1, 2)
    english = Page(auditing.validation_page(data, ENGLISH, frozenset())).text
    assert "1 check is held by the database itself and is not counted among the passed." in english
    assert why not in english, "it is no news of the night"
    record = CheckRecord(held, "select 1", True, (replace(check_records()[0].history[-1], status="held"),))
    pages_of = auditing.check_pages([record], {}, {}, DANISH)
    page = Page(pages_of["kontrol/fct_complaint_key_is_unique.html"]).text
    assert "Sikret af databasen" in page and why in page
    assert "Databasen sikrer reglen, så den blev ikke stillet til tabellerne." in page
    assert "ikke målt" not in page
    listed = Page(pages_of["kontrol/index.html"])
    assert "entry-row passed critical" in str(listed.all("tr"))


def test_delivery_names_the_one_before():
    data = validation()
    assert data.changes
    gone, day = "audit_remarks", date(2024, 11, 20)
    deliveries = (*data.changes.deliveries, DeliveryChange("borgerraadgiver_annual", None, day))
    changed = replace(data.changes, deliveries=(*deliveries, DeliveryChange(gone, day, None)))
    text = Page(auditing.validation_page(replace(data, changes=changed), DANISH, frozenset())).text
    assert "3 kilder har en anden levering; uden levering nu: audit_remarks" in text
    assert "20-11-2024før 19-11-2024" in text and "20-11-2024ny" in text


def test_checks_count_once_by_source():
    tables_of_checks = ("fct_complaint", "fct_complaint", "bridge_case_link", "rpt_complaint_overlap", "dim_date")
    data = replace(
        validation(held_back=True),
        checks=tuple(replace(c, table_name=t) for c, t in zip(checks(True), tables_of_checks, strict=True)),
        sources_of={
            "fct_complaint": ("bif_complaints",),
            "bridge_case_link": ("appeal_cases", "bif_complaints"),
            "rpt_complaint_overlap": ("bif_complaints",),
        },
    )
    found = verdict.by_source(data, ENGLISH)
    assert [(line.label, line.source_id, line.numbers) for line in found] == [
        ("BIF-klager", "bif_complaints", (0, 1, 0, 0, 1)),
        ("Fixed lists and rules", None, (0, 0, 1, 0, 0)),
        ("Report tables", None, (0, 1, 0, 0, 0)),
        ("Several sources", None, (1, 0, 0, 0, 0)),
        ("Total", None, (1, 2, 1, 0, 1)),
    ]


def test_waived_check_blocks_nothing():
    waived = tuple(replace(c, is_waived=c.status == "failed") for c in checks(True))
    data = replace(validation(held_back=True), checks=waived)
    assert [c.check_id for c in waived if c.is_blocking] == ["fct_indicator_value_years_kept"]
    assert verdict.verdict(data, ENGLISH).title == "Held back by 1 critical check"
    published = replace(validation(), checks=tuple(replace(c, is_waived=c.status == "failed") for c in checks(False)))
    assert verdict.verdict(published, DANISH).title == "Godkendt og offentliggjort"
    assert "1 kontrol, der ikke er opfyldt, er fraveget" in verdict.verdict(published, DANISH).meaning
    assert "rpt_overlap_matched;waived;41;402;højst 5 %\n" in auditing.measurements(published)


def test_reason_for_held_night_stands_first(pages: dict[str, str]):
    text = Page(pages["build-4/validering.html"]).text
    assert text.index("312 af 12.044 (2,6 %)") < text.index("Kontroller efter alvor og udfald")
    assert "Sammenhold nøglerne" in text and "Åbne afviste i alt" in text


def test_index_lists_newest_first(pages: dict[str, str]):
    text = Page(pages["index.html"]).text
    assert text.index("Opbygning 4") < text.index("Publikation 2") < text.index("Publikation 1")
    assert pages["index.html"].count("Gældende</span>") == 1
    assert "Der er endnu ingen publikation" in auditing.index_pages([], DANISH)["index.html"]


def test_a_page_without_figures_says_so():
    empty = Indicators(publication=indicators().publication, build=indicators().build)
    said = {
        "index.html": "Ingen tal fra interne kilder",
        "udvikling.html": "Ingen serie er endnu lang nok",
        "udvikling-centre.html": "Ingen indikator er opgjort pr. center",
        "centre.html": "Ingen tal er opgjort efter center",
        "fordelinger.html": "Ingen tal er fordelt",
        "risiko.html": "Der er ingen tilsynsplan",
        "opfoelgning.html": "Der er ingen opfølgning",
        "afstemning.html": "Der er ingen tal at afstemme",
        "aendringer.html": "er ikke opgjort",
        "definitioner.html": "Definitioner",
    }
    for name, text in render.figure_pages(empty).items():
        assert said[name] in Page(text).text


def test_overlap_shows_kinds_of_year_apart():
    found = reconciliation.overlaps(indicators())
    assert [(kind, [o.period_label for o in years]) for _, kind, years in found] == [
        ("kalenderaar", ["2022", "2023"]), ("beretningsaar", ["2022/23"]),
    ]  # fmt: skip


def test_headline_prefers_calendar_year():
    both = replace(value("klager_modtaget", "klagesager", "2022/23", 1190))
    found = highlights.headlines(replace(indicators(), values=(both, *indicators().values)))
    kinds = [h.series.period_kind for h in found if h.series.indicator.indicator_id == "klager_modtaget"]
    assert kinds == ["kalenderaar"]
