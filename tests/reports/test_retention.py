"""Only some publications keep their pages of figures. Everything else is kept, and no link is dead."""

import shutil
import zipfile
from collections.abc import Iterable
from html.parser import HTMLParser
from pathlib import Path
from typing import LiteralString

import psycopg
import pytest

from kvalitet.errors import KvalitetError
from kvalitet.reports import write_site
from kvalitet.reports.pages import FIGURES
from kvalitet.settings import Settings

HERE = Path(__file__).parent
#: The number of nights. Each has a publication of the same number.
NEWEST = 4
FIGURE_FILES = {page.file for page in FIGURES}
LISTS = {"maalinger.csv", "fingeraftryk.txt"}
OLD = {"validering.html", "maalinger.zip", "fingeraftryk.zip"}


@pytest.fixture
def site(settings: Settings, admin_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A site with all pages of all publications. From then on only the newest two keep their pages of figures."""
    with psycopg.connect(admin_url) as connection:
        connection.execute((HERE / "many.sql").read_text().format(nights=NEWEST, checks=3).encode())
        connection.execute((HERE / "reporting.sql").read_bytes())
    monkeypatch.setenv("KVALITET_FIGURE_PAGES", str(NEWEST))
    (contracts := tmp_path / "contracts").mkdir()
    # The pages of one source and none of mutations are written faster than all pages.
    shutil.copy(settings.contracts_dir / "bif_complaints.odcs.yaml", contracts)
    monkeypatch.setenv("KVALITET_CONTRACTS", str(contracts))
    monkeypatch.setattr("kvalitet.reports.site.mutation_pages", lambda _: {})
    for number in range(1, NEWEST + 1):
        readers_see(admin_url, number)
        write_site(settings, publication_id=number)
    assert with_figures(settings.site_dir) == set(range(1, NEWEST + 1))
    monkeypatch.setenv("KVALITET_FIGURE_PAGES", "2")
    return settings.site_dir


def readers_see(admin_url: str, publication: int) -> None:
    seen: LiteralString = "update reporting.publication set publication_id = %s"
    told: LiteralString = (
        "insert into audit.publication_event (publication_id, event, happened_by) values (%s, 'rolled_back_to', 'x')"
    )
    with psycopg.connect(admin_url) as connection:
        connection.execute(seen, [publication])
        connection.execute(told, [publication])


def files_of(site: Path, publication: int) -> set[str]:
    return {file.name for file in (site / f"publikation-{publication}").iterdir()}


def with_figures(site: Path) -> set[int]:
    return {number for number in range(1, NEWEST + 1) if files_of(site, number) & FIGURE_FILES}


class Links(HTMLParser):
    def __init__(self, page: Path) -> None:
        super().__init__()
        self.page, self.targets = page, set[Path]()
        self.feed(page.read_text())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        target = (dict(attrs).get("href") or "").split("#")[0]
        if target and ":" not in target:
            self.targets.add((self.page.parent / target).resolve())


def dead_links(pages: Iterable[Path]) -> list[tuple[Path, Path]]:
    return [(page, target) for page in pages for target in Links(page).targets if not target.is_file()]


def reached(site: Path) -> set[Path]:
    """The pages that readers can reach from the first one."""
    found, news = set[Path](), {(site / "index.html").resolve()}
    while news:
        found |= news
        targets = {target for page in news for target in Links(page).targets if target.suffix == ".html"}
        news = {target for target in targets - found if target.is_file()}
    return found


def test_only_newest_keep_pages_of_figures(settings: Settings, site: Path):
    """All publications keep their other pages."""
    lists = {name: (site / "publikation-1" / name).read_bytes() for name in LISTS}
    files = write_site(settings, publication_id=NEWEST)
    assert {file.parent.name for file in files} == {f"publikation-{NEWEST}", "site"}
    assert with_figures(site) == {NEWEST - 1, NEWEST}
    assert files_of(site, NEWEST) == {*FIGURE_FILES, *LISTS, "validering.html"}
    assert all(files_of(site, number) == OLD for number in range(1, NEWEST - 1))
    for name, content in lists.items():
        with zipfile.ZipFile((site / "publikation-1" / name).with_suffix(".zip")) as packed:
            assert packed.read(name) == content
    danish, english = (
        (site / folder / "publikation-1/validering.html").read_text().partition("</header>") for folder in ("", "en")
    )
    assert "udvikling.html" not in danish[0] and 'aria-current="page">Validering' in danish[0]
    assert "er fjernet på grund af deres alder" in danish[2] and "have been removed because of their age" in english[2]
    assert all("<code>kvalitet figures --publication 1</code>" in text[2] for text in (danish, english))
    assert "er fjernet" not in (site / f"publikation-{NEWEST - 1}/validering.html").read_text()


def test_no_link_leads_to_a_removed_page(settings: Settings, site: Path):
    write_site(settings, publication_id=NEWEST)
    pages = {file.resolve(): file.stat().st_mtime_ns for file in site.rglob("*.html")}
    assert dead_links(pages) == []
    assert pages.keys() == reached(site)
    write_site(settings, publication_id=NEWEST)
    assert {file.resolve(): file.stat().st_mtime_ns for file in site.rglob("*.html")} == pages


@pytest.mark.parametrize("removed", [0, 4])
def test_kill_during_removal_leaves_no_dead_link(
    settings: Settings, site: Path, monkeypatch: pytest.MonkeyPatch, removed: int
):
    unlink, calls = Path.unlink, []

    def killed(file: Path, missing_ok: bool = False) -> None:
        calls.append(file)
        if len(calls) > removed:
            raise KeyboardInterrupt
        unlink(file, missing_ok)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "unlink", killed)
        with pytest.raises(KeyboardInterrupt):
            write_site(settings, publication_id=NEWEST)
    assert len(with_figures(site)) > 2
    assert dead_links(reached(site)) == []
    write_site(settings, publication_id=NEWEST)
    assert with_figures(site) == {NEWEST - 1, NEWEST}


@pytest.mark.parametrize("replaced", [1, 4])
def test_kill_before_removal_removes_nothing(
    settings: Settings, site: Path, monkeypatch: pytest.MonkeyPatch, replaced: int
):
    replace, calls = Path.replace, []

    def killed(file: Path, target: Path) -> Path:
        calls.append(file)
        if len(calls) > replaced:
            raise KeyboardInterrupt
        return replace(file, target)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "replace", killed)
        with pytest.raises(KeyboardInterrupt):
            write_site(settings, publication_id=NEWEST)
    assert len(with_figures(site)) == NEWEST
    assert dead_links(reached(site)) == []
    write_site(settings, publication_id=NEWEST)
    assert with_figures(site) == {NEWEST - 1, NEWEST}


def test_publication_rolled_back_to_keeps_pages(settings: Settings, site: Path, admin_url: str):
    readers_see(admin_url, 1)
    write_site(settings, publication_id=NEWEST)
    assert with_figures(site) == {1, NEWEST - 1, NEWEST}
    assert 'href="publikation-1/udvikling.html"' in (site / "index.html").read_text()
    assert dead_links(reached(site)) == []


def test_publication_given_back_gets_pages_again(settings: Settings, site: Path, admin_url: str):
    write_site(settings, publication_id=NEWEST)
    readers_see(admin_url, 1)
    write_site(settings, publication_id=NEWEST)
    assert with_figures(site) == {1, NEWEST - 1, NEWEST}
    assert "er fjernet" not in (site / "publikation-1/validering.html").read_text()
    assert dead_links(reached(site)) == []


def test_old_publication_rewritten_has_no_figures(settings: Settings, site: Path):
    write_site(settings, publication_id=NEWEST)
    files = write_site(settings, publication_id=2)
    assert {file.name for file in files} == {*OLD, "index.html"} and files_of(site, 2) == OLD


def test_later_publication_is_left_alone(settings: Settings, site: Path):
    (later := site / f"publikation-{NEWEST + 1}").mkdir()
    (later / "index.html").touch()
    write_site(settings, publication_id=NEWEST)
    assert (later / "index.html").is_file()


@pytest.mark.parametrize("stated", ["0", "-1", "2.5", "alle", ""])
def test_impossible_number_is_refused(settings: Settings, monkeypatch: pytest.MonkeyPatch, stated: str):
    monkeypatch.setenv("KVALITET_FIGURE_PAGES", stated)
    with pytest.raises(KvalitetError, match="KVALITET_FIGURE_PAGES") as refused:
        write_site(settings, build_id=1)
    assert "it is 5" in refused.value.remedy and not settings.site_dir.exists()


def test_newest_five_are_kept_by_default(settings: Settings):
    assert settings.figure_pages == 5
