"""A thousand publications: how large they are, and what one more night rewrites."""

from collections.abc import Iterable
from pathlib import Path

import psycopg
import pytest
from full_examples import full_check_records, full_entries, full_night, full_source_records

from kvalitet.contracts import load_contracts
from kvalitet.gate.deliveries import all_suites
from kvalitet.reports import auditing, write_site
from kvalitet.reports.environment import STYLE
from kvalitet.reports.languages import LANGUAGES
from kvalitet.reports.mutation_page import mutation_pages
from kvalitet.settings import Settings

ROOT = Path(__file__).parents[2]
MB = 1_000_000
#: The limit for one publication's pages of figures. tests/end_to_end/test_nights.py checks real ones against it.
FIGURES = 1.9 * MB


@pytest.mark.slow
def test_thousand_nights_are_a_page_per_year(settings: Settings, admin_url: str):
    """One more night rewrites no page of an older one."""
    with psycopg.connect(admin_url) as connection:
        connection.execute((Path(__file__).parent / "many.sql").read_text().format(nights=1000, checks=50).encode())
    site = settings.site_dir
    for number in range(1, 1001):
        folder = site / (f"build-{number}" if number % 8 == 0 else f"publikation-{number - number // 8}")
        folder.mkdir(parents=True)
        (folder / "validering.html").touch()
    write_site(settings, build_id=1000)
    # The nights begin on 2 January 2022, so 2022 has 364 of them, 2023 has 365, and 2024 has the last 271.
    lists = {name: (site / name).read_text() for name in ("index.html", "aar-2023.html", "aar-2022.html")}
    assert [text.count('<li class="entry') for text in lists.values()] == [271, 365, 364]
    assert max(len(text) for text in lists.values()) < 400_000
    written = [file for file in site.rglob("validering.html") if file.stat().st_size]
    assert sorted(written) == [site / "build-1000/validering.html", site / "en/build-1000/validering.html"]
    check = (site / "kontrol/fct_complaint_rule_number_1.html").read_text()
    assert len(check) < 15_000
    assert "2022</th><td>0</td><td>45</td><td>0</td><td>0</td><td>319</td>" in check


@pytest.mark.slow
def test_thousand_publications_are_under_100_mb(tmp_path: Path):
    """All pages of a site with every check and contract there is, where each source delivers each night. Readers see a
    publication that was rolled back to, so one more than the stated number keeps its pages of figures."""
    settings = Settings(ROOT, tmp_path, "", "", "")
    suites, contracts = all_suites(settings), load_contracts(settings)
    night, records = full_night(suites, contracts), full_check_records(suites, tuple(contracts))
    cost = {
        "validation": 1000 * size(auditing.validation_page(night, x, frozenset(), is_old=True) for x in LANGUAGES),
        "lists": 1000 * size(auditing.lists(night, packed=True).values()),
        "figures": (settings.figure_pages + 1) * (FIGURES + size(auditing.lists(night, packed=False).values())),
        "index": size(text for x in LANGUAGES for text in auditing.index_pages(full_entries(1000), x).values()),
        "checks": size(
            text
            for x in LANGUAGES
            for text in auditing.check_pages(records, {}, night.source_names, x, is_tested=True).values()
        ),
        "sources": size(
            text
            for x in LANGUAGES
            for text in auditing.source_pages(full_source_records(suites, contracts), x).values()
        ),
        "mutations": size(mutation_pages(settings).values()),
        "style": len(STYLE),
    }
    assert sum(cost.values()) < 100 * MB, {name: f"{bytes / MB:.1f} MB" for name, bytes in cost.items()}


def size(contents: Iterable[str | bytes]) -> int:
    return sum(len(content.encode() if isinstance(content, str) else content) for content in contents)
