"""A thousand publications: what they cost, and what one night more rewrites."""

from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
from examples import SHA, check_records, checks, source_records, validation

from kvalitet.reports import auditing, render, write_site
from kvalitet.reports import model as m
from kvalitet.reports.environment import STYLE
from kvalitet.reports.languages import LANGUAGES
from kvalitet.settings import Settings

MB = 1_000_000


@pytest.mark.slow
def test_a_thousand_nights_are_a_page_per_year_and_one_more_rewrites_no_older_night(settings: Settings, admin_url: str):
    with psycopg.connect(admin_url) as connection:
        connection.execute((Path(__file__).parent / "many.sql").read_text().format(checks=50).encode())
    site = settings.site_dir
    for number in range(1, 1001):
        folder = site / (f"build-{number}" if number % 8 == 0 else f"publikation-{number - number // 8}")
        folder.mkdir(parents=True)
        (folder / "validering.html").touch()
    write_site(settings, build_id=1000)
    # 2022 has 364 of the nights (they begin on 2 January), 2023 365, 2024 the last 271.
    lists = {name: (site / name).read_text() for name in ("index.html", "aar-2023.html", "aar-2022.html")}
    assert [text.count('<li class="entry') for text in lists.values()] == [271, 365, 364]
    assert max(len(text) for text in lists.values()) < 400_000
    written = [file for file in site.rglob("validering.html") if file.stat().st_size]
    assert sorted(written) == [site / "build-1000/validering.html", site / "en/build-1000/validering.html"]
    check = (site / "kontrol/fct_complaint_rule_number_1.html").read_text()
    assert len(check) < 15_000
    assert "2022</th><td>0</td><td>45</td><td>0</td><td>319</td>" in check


def test_a_thousand_publications_with_all_checks_and_sources_cost_less_than_100_mb():
    """With 450 checks of which 20 warn, 24 sources with 2 files each, 80 tables, and 60 nights in each chart."""
    failing, passing = checks(False)[3], checks(False)[0]
    every = tuple(
        replace(failing if n < 20 else passing, check_id=f"fct_case_review_answer_rule_number_{n}") for n in range(450)
    )
    loads = tuple(replace(validation().loads[0], source_id=f"some_long_source_name_{n}", load_id=n) for n in range(24))
    files = tuple(
        replace(
            validation().tables[0], load_id=n % 24, table_name=f"table_{n}", file_name=f"some_file_{n}_2024-11-20.csv"
        )
        for n in range(48)
    )
    night = replace(
        validation(),
        checks=every,
        loads=loads,
        tables=files,
        digests=tuple(m.TableDigest("content", f"rpt_some_report_table_{n}", 9032, SHA) for n in range(80)),
        source_names={load.source_id: "En kilde med et ganske langt navn" for load in loads},
        sources_of={"fct_complaint": (loads[0].source_id,)},
    )
    of_a_night = [auditing.validation_page(night, language, render.ALL) for language in LANGUAGES]
    of_a_night += [auditing.measurements(night), auditing.fingerprints(night)]
    check = [
        text
        for language in LANGUAGES
        for name, text in auditing.check_pages(check_records(nights=60)[:1], {}, {}, language).items()
        if "index" not in name
    ]
    source = [text for language in LANGUAGES for text in auditing.source_pages(source_records()[:1], language).values()]
    total = 1000 * size(of_a_night) + 450 * size(check) + 24 * size(source) + len(STYLE)
    assert total < 100 * MB, (
        f"{total / MB:.1f} MB: {[size([text]) for text in of_a_night]} a night, {size(check)} a check"
    )


def size(texts) -> int:
    return sum(len(text.encode()) for text in texts)
