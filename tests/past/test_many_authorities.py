"""A source about 567 authorities, from its delivery to the pages, and what changed of them between two publications."""

from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
from complaints import COMPLAINT, quiet
from complaints import deliver as deliver_complaints
from kvalitet_example.files import whole_file
from kvalitet_example.sources import jobindsats
from kvalitet_example.vocabulary import AUTHORITY as OWN
from psycopg.rows import dict_row

from kvalitet.build.builds import Build, begin_build
from kvalitet.build.transform import LAYERS
from kvalitet.intake import extract
from kvalitet.past.rebuild import FIGURE_LAYERS, run_layers
from kvalitet.past.restatement import KEY, restate
from kvalitet.publication import ledger
from kvalitet.reports import model as m
from kvalitet.reports import queries, render
from kvalitet.settings import Settings

pytestmark = pytest.mark.slow
COUNT = 567
COUNTRY = "Hele landet (fiktiv)"
CHANGE, SHARE = "offentligt_forsoergede_aendring_pct", "offentligt_forsoergede_pct"
AT = datetime(2025, 1, 3, 2, 0, tzinfo=UTC)


def authority(number: int) -> str:
    return OWN if number == 0 else f"{'ABCDEFGH'[number % 8]}by {number} Kommune"


def rows(corrected: int = 0) -> list[list]:
    """Five years of each authority: 1,000 persons, and in 2023 one more for each number before its own.

    The first `corrected` authorities have ten more in 2023. The country has 500,000, and in 2023 525,000.
    """
    made = []
    for number in range(COUNT):
        for year in range(2019, 2024):
            persons = 1_000 + (number + (10 if number < corrected else 0) if year == 2023 else 0)
            made.append(row(authority(number), year, persons))
    return [*made, *(row(COUNTRY, year, 525_000 if year == 2023 else 500_000) for year in range(2019, 2024))]


def row(area: str, year: int, persons: int) -> list:
    share = round(10 + persons / 1_000_000, 1)
    return [area, f"{year}QMAT04", jobindsats.TOTAL, persons, persons, 0, share, share, 0.0, "."]


def publish(settings: Settings, admin_url: str, number: int, layers: tuple[str, ...], corrected: int = 0) -> Build:
    """Deliver, take in, build, and record as a publication without the gate."""
    inbox = Path(settings.inbox.removeprefix("file://"))
    with whole_file(inbox / f"jobindsats/offentlig_forsoergelse_2025-01-0{number + 1}.json") as out:
        out.write(jobindsats.as_json(rows(corrected)))
    assert extract(settings, "jobindsats").outcome == "accepted"
    build = begin_build(settings, owner="test")
    run_layers(settings, build, quiet, layers)
    with psycopg.Connection[dict].connect(admin_url, row_factory=dict_row) as connection:
        ledger.record(connection, number, build.build_id, AT)
        connection.execute("update audit.build set status = 'published' where build_id = %s", [build.build_id])
    return build


def read(admin_url: str, build: Build) -> m.Indicators:
    """What the pages read, of a candidate that is shown to readers as it stands."""
    with psycopg.Connection[dict].connect(admin_url, row_factory=dict_row) as connection:
        connection.execute("alter schema candidate rename to reporting")
        shown = m.Build(build.build_id, "night", build.as_of_date, "x", "published", None, AT, AT)
        return queries.indicators(connection, shown, m.Publication(2, build.build_id, AT, "x"))


def test_567_authorities_are_published(settings: Settings, admin_url: str, monkeypatch: pytest.MonkeyPatch):
    """Persons on support from 2022 to 2023. Authority n has n of 1,000 more: n / 10 %, the own one 0 %.

    Together 0 + 1 + … + 566 = 160,461 of 567,000: 28.3 %. Then 200 authorities are corrected by ten persons each:
    162,461 of 567,000 is 28.7 %, and the own one has 1 %. Authority 566 has the most, 56.6 %.
    """
    monkeypatch.setenv("KVALITET_SETTLE_SECONDS", "0")
    monkeypatch.setenv("KVALITET_CODE_VERSION", "same")
    deliver_complaints(settings, 1, [COMPLAINT | {"Sagsnummer": "2023 - 01001"}])  # the own authority counts something
    publish(settings, admin_url, 1, FIGURE_LAYERS)
    build = publish(settings, admin_url, 2, LAYERS, corrected=200)
    found = restate(settings, 1, 2, quiet)

    keys = [tuple(figure[name] for name in (*KEY, "measure")) for figure in found.figures]
    assert len(keys) == len(set(keys))
    changed = [f for f in found.figures if f["indicator_id"] == CHANGE and f["measure"] == "value"]
    assert {f["authority"] for f in changed} == {authority(number) for number in range(200)} and len(changed) == 200
    assert {(f["value_to"] - f["value_from"], f["correction_change"]) for f in changed} == {(1, 1)}

    data = read(admin_url, build)
    assert data.own_authority == OWN
    pages = render.figure_pages(data)
    sizes = {name: len(text.encode()) for name, text in pages.items()}
    assert max(sizes.values()) <= 500_000, sizes
    page = pages[f"myndigheder-{CHANGE}.html"]
    assert page.count("<table") == 2 and page.count("<tr id=") == COUNT and f": {COUNT} myndigheder</h1>" in page
    first = [line.split("</tr>")[0] for line in page.split("<tbody>")[1].split("<tr>")[1:]]
    assert [OWN in first[0], COUNTRY in first[1], "tilsammen" in first[2], "median" in first[3]] == [True] * 4
    assert [">1,0<" in first[0], ">5,0<" in first[1], ">28,7<" in first[2]] == [True] * 3
    assert pages["index.html"].count("<table") < 20
    assert f"{COUNT} myndigheder. {OWN} er nr." in pages["index.html"]
    assert f'<td class="num">{200 - 1}</td>' in pages["aendringer.html"]
    assert f"myndigheder-{SHARE}.html" in pages
