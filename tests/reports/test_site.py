"""The site of a real warehouse, read as the auditor."""

import re
from pathlib import Path

import psycopg
import pytest

from kvalitet.errors import KvalitetError
from kvalitet.reports import write_site
from kvalitet.reports.pages import FIGURES
from kvalitet.settings import Settings

HERE = Path(__file__).parent


@pytest.fixture
def published(settings: Settings, admin_url: str) -> Settings:
    """A warehouse with one publication and one held-back build after it."""
    with psycopg.connect(admin_url) as connection:
        for name in ("audit.sql", "reporting.sql"):
            connection.execute((HERE / name).read_bytes())
    return settings


def of_validation(folder: str) -> list[str]:
    """The files that are written for every build, published or not."""
    page = f"{folder}/validering.html"
    return [page, f"en/{page}", f"{folder}/maalinger.csv", f"{folder}/fingeraftryk.txt"]


def names(settings: Settings, files: list[Path]) -> list[str]:
    return [file.relative_to(settings.site_dir).as_posix() for file in files]


def test_publication_gets_its_pages_and_index(published: Settings):
    files = write_site(published, build_id=1)
    assert names(published, files) == [
        *of_validation("publikation-1"), *(f"publikation-1/{page.file}" for page in FIGURES), "index.html"
    ]  # fmt: skip

    def read(name: str) -> str:
        return (published.site_dir / "publikation-1" / name).read_text()

    assert all(text in read("index.html") for text in ("1.149", "Eksempelby Kommune (fiktiv)", "Eksempeldata"))
    agreement = read("afstemning.html")
    assert "1.246" in agreement and "1.233" in agreement  # two publications disagree
    assert "1.162" in agreement and "skjult" in agreement  # cases counted once
    assert "Udfaldene giver tilsammen ikke" in agreement
    assert "Gammel og ny lov er lagt sammen" in agreement and 'href="https://example.org/b"' in agreement
    assert "Aldrig modtaget" in read("definitioner.html") and "Nyt spørgeskema" in read("definitioner.html")
    assert "Tallet for 2023 kan flytte sig fra 1.147 til 1.164, hvis alle hørte til dét år." in read(
        "definitioner.html"
    )
    assert "Uden for grænserne: 2023-K4." in read("udvikling.html")
    assert "For kort til grænser: 1 endeligt tal." in read("udvikling.html")
    assert all(text in read("risiko.html") for text in ("Intensiveret tilsyn", "Eksempel på en politik", "Uenige"))
    assert "<strong>1 opfølgning har overskredet fristen</strong>" in read("opfoelgning.html")
    assert "er ikke opgjort" in read("aendringer.html")
    assert "Sanktioner" in read("fordelinger.html")


def test_held_build_gets_reason_and_no_figures(published: Settings):
    files = write_site(published, build_id=2)
    assert names(published, files) == [*of_validation("build-2"), "index.html"]
    page = (published.site_dir / "build-2/validering.html").read_text()
    assert "Holdt tilbage af 1 kritisk kontrol" in page and "312 af 12.044" in page and "Udeblevet" in page
    index = (published.site_dir / "index.html").read_text()
    assert 'href="build-2/validering.html"' in index and "Gældende: publikation 1" in index
    assert "publikation-1/index.html" not in index  # no page links to a page that does not exist


def test_index_counts_database_held_checks(published: Settings, admin_url: str):
    with psycopg.connect(admin_url) as connection:
        connection.execute(
            "insert into audit.check_measurement (judgement_id, check_id, outcome) values (1, 'key_unique', 'held')"
        )
        connection.execute(
            "insert into audit.check_verdict select judgement_id, 'key_unique', suite, table_name, severity, 'held',"
            " threshold, description, why, owner, advice_engineer, advice_reader, 'nøgle (a)'"
            " from audit.check_verdict where judgement_id = 1"
        )
    write_site(published, build_id=1)
    index = (published.site_dir / "index.html").read_text()
    assert "1 af 1 relevante kontroller opfyldt, 1 sikret af databasen" in index
    assert "key_unique;held;;;" in (published.site_dir / "publikation-1" / "maalinger.csv").read_text()


def test_page_shows_what_its_build_saw(published: Settings, admin_url: str):
    first = [file.read_bytes() for file in write_site(published, build_id=1)[:-1]]
    files = first[3].decode()
    assert f"{'d' * 64}  bif_complaints/klager_2024-11-20.csv\n" in files and "klager_2024-11-21.csv" not in files
    assert "Udeblevet" not in first[0].decode()  # later deliveries belong to the next build
    with psycopg.connect(admin_url) as connection:
        connection.execute("update audit.reject set resolved_by_load = 2")
    assert [file.read_bytes() for file in write_site(published, publication_id=1)[:-1]] == first


def test_old_pages_of_figures_stay_unchanged(published: Settings, admin_url: str):
    page = write_site(published, build_id=1)[4]
    before = page.read_bytes()
    with psycopg.connect(admin_url) as connection:
        connection.execute("update reporting.publication set publication_id = 2")
        connection.execute("delete from reporting.fct_indicator_value")
    assert names(published, write_site(published, build_id=1)) == [*of_validation("publikation-1"), "index.html"]
    assert page.read_bytes() == before


def test_the_index_follows_a_rollback(published: Settings, admin_url: str):
    with psycopg.connect(admin_url) as connection:
        connection.execute("update audit.build set status = 'published' where build_id = 2")
        connection.execute("insert into audit.publication (build_id, published_by) values (2, 'kvalitet_publisher')")
        said = "insert into audit.publication_event (publication_id, event, happened_by) values (%s, %s, 'publisher')"
        connection.execute(said, [2, "published"])
    write_site(published, build_id=2)
    assert "Gældende: publikation 2" in (published.site_dir / "index.html").read_text()
    with psycopg.connect(admin_url) as connection:
        connection.execute(said, [1, "rolled_back_to"])
    write_site(published, publication_id=1)
    assert "Gældende: publikation 1" in (published.site_dir / "index.html").read_text()


def test_change_since_last_publication_is_split(published: Settings, admin_url: str):
    with psycopg.connect(admin_url) as connection:
        connection.execute("update audit.build set status = 'published' where build_id = 2")
        connection.execute("insert into audit.publication (build_id, published_by) values (2, 'kvalitet_publisher')")
        connection.execute("update reporting.publication set publication_id = 2, build_id = 2")
        connection.execute(
            """insert into audit.restatement (from_publication, to_publication, as_of_from, as_of_to, code_from,
                code_to, rows_reclassified, rows_corrected, rows_withdrawn, rows_completed, rows_new)
            values (1, 2, '2024-11-20', '2024-11-21', 'a', 'a', 2, 1, 0, 0, 8)"""
        )
        connection.execute(
            """insert into audit.restatement_figure (from_publication, to_publication, indicator_id, source_id,
                organisation_id, authority, period_kind, period_label, period_start, breakdown_kind, breakdown_member,
                measure, indicator_version_from, indicator_version_to, status, value_from, value_after_definition,
                value_after_reclassification, value_after_correction, value_to)
            values (1, 2, 'klager_modtaget', 'klagesager', 'alle', 'Eksempelby Kommune', 'kalenderaar', '2023',
                '2023-01-01', 'ingen', 'alle', 'value', 1, 1, 'split', 1140, 1140, 1142, 1141, 1149)"""
        )
    files = write_site(published, build_id=2)
    page = (published.site_dir / "publikation-2/aendringer.html").read_text()
    assert "publikation-2/aendringer.html" in names(published, files)
    cells = ("1.140", "", "+2", "−1", "+8", "<b>1.149</b>")
    assert "".join(f'<td class="num">{cell}</td>' for cell in cells) in page
    assert "1 tal er ændret" in page


def test_broken_contract_stops_no_page(published: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "broken.odcs.yaml").write_text("kind: [")
    monkeypatch.setenv("KVALITET_CONTRACTS", str(tmp_path))
    assert "bif_complaints" in write_site(published, build_id=2)[0].read_text()


def test_unknown_build_or_publication_is_refused(published: Settings):
    with pytest.raises(KvalitetError, match="no build 99"):
        write_site(published, build_id=99)
    with pytest.raises(KvalitetError, match="no publication 99"):
        write_site(published, publication_id=99)
    assert not published.site_dir.exists()


def test_failed_writing_leaves_old_page(published: Settings, monkeypatch: pytest.MonkeyPatch):
    write_site(published, build_id=2)
    page = published.site_dir / "build-2/validering.html"
    page.write_bytes(before := b"the page as it was")

    def full(*_: object) -> None:
        raise OSError("No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(OSError, match="No space"):
        write_site(published, build_id=2)
    assert page.read_bytes() == before
    assert sorted(file.name for file in page.parent.iterdir()) == [
        "fingeraftryk.txt", "maalinger.csv", "validering.html"
    ]  # fmt: skip


def test_committee_appendix_hides_small_counts(published: Settings):
    write_site(published, publication_id=1)
    page = (published.site_dir / "publikation-1" / "fordelinger.html").read_text()
    appendix = page[page.index('id="bilag"') :]
    assert 'Forvaltningen</td><td class="num">210</td><td class="num">318</td>' in appendix
    assert 'Borgerrådgiveren</td><td class="num empty">skjult</td><td class="num empty">skjult</td>' in appendix
    assert '<td class="num">2</td>' in appendix


def test_check_page_shows_history_and_rule(published: Settings, admin_url: str):
    with psycopg.connect(admin_url) as connection:
        connection.execute("insert into audit.check_rule values (repeat('1', 64), 'select 7 < 8 as violations')")
        connection.execute("update audit.check_measurement set rule_sha256 = repeat('1', 64) where judgement_id = 2")
        connection.execute(
            "insert into audit.check_waiver (judgement_id, check_id, reason, decided_by, decided_on, expires_on,"
            " is_used) values (2, 'points_have_complaint', 'Rettes i december.', 'Kontorchefen', '2024-11-18',"
            " '2024-12-31', true)"
        )
    write_site(published, build_id=2)
    page = (published.site_dir / "kontrol/points_have_complaint.html").read_text()
    assert "select 7 &lt; 8 as violations" in page and "Rettes i december." in page
    listed = page[page.index('id="maalinger"') : page.index('id="aar"')]
    rows = re.findall(r'<a href="\.\./([\w-]+)/validering.html">.*?</span></td><td>([\d.]+)</td>', listed)
    assert rows == [("build-2", "312"), ("publikation-1", "0")]  # newest first
    assert 'class="signal"' in page  # the failed measurement in the chart
    years = page[page.index('id="aar"') :]
    assert "2024</th><td>0</td><td>1</td><td>0</td><td>0</td><td>1</td>" in years


def test_source_page_is_in_both_languages(published: Settings):
    write_site(published, build_id=2)
    danish = (published.site_dir / "kilde/bif_complaints.html").read_text()
    english = (published.site_dir / "en/kilde/bif_complaints.html").read_text()
    assert "Hver nat kl. 01.15." in danish and "Nightly at 01:15 Copenhagen time." in english
    assert "Nightly" not in danish and "Hver nat" not in english
    assert '<td class="num">9.051</td>' in danish and '<td class="num">9,051</td>' in english
    reject = "<code>complaints.received_at</code>"
    assert english[english.index(reject) :].startswith(
        f'{reject}</th><td>There is no such time (change to summer time)</td><td class="num">1</td>'
    )


def test_withdrawn_and_accepted_are_told_apart(published: Settings, admin_url: str):
    with psycopg.connect(admin_url) as connection:
        connection.execute("insert into audit.load_withdrawal values (2, 'Centerkoderne var gamle', 'A. Hansen')")
        connection.execute("insert into audit.reject_acceptance (reject_id, reason, accepted_by)"
                           " select reject_id, 'Sagen er lukket', 'Kontorchefen' from audit.reject"
                           " where resolved_by_load is null")  # fmt: skip
    write_site(published, build_id=2)
    page = (published.site_dir / "en/kilde/bif_complaints.html").read_text()
    arrivals = page[page.index('id="leveringer"') : page.index('id="afviste"')]
    assert arrivals.count("Withdrawn") == 1 and "by A. Hansen:" in arrivals and "Centerkoderne var gamle" in arrivals
    reject = page[page.index("<code>complaints.received_at</code>") :]
    assert re.findall(r'<td class="num">([^<]*)</td>', reject)[:3] == ["0", "1", "1"]  # open, accepted, put right
    decided = page[page.index('id="godtaget"') :]
    assert "Sagen er lukket" in decided and "Kontorchefen" in decided


def test_validation_page_says_what_changed(published: Settings, admin_url: str):
    with psycopg.connect(admin_url) as connection:
        connection.execute("insert into audit.build_material values ('suites', 'a', 1), ('suites', 'b', 2),"
                           " ('contracts', 'c', 1), ('contracts', 'c', 2)")  # fmt: skip
    write_site(published, build_id=2)
    page = (published.site_dir / "build-2/validering.html").read_text()
    changed = page[page.index('id="aendret"') : page.index('id="leveringer"')]
    assert "Ændret siden publikation 1" in changed and "1 kilde har en anden levering" in changed
    assert "kontrollernes regler" in changed and "kontrakterne" not in changed
    assert "<td>Opfyldt</td><td>Ikke opfyldt</td><td></td>" in changed  # the check differs by its data, not by its rule


def test_night_writes_only_its_own_pages(published: Settings):
    write_site(published, build_id=1)
    old = {f: f.stat().st_mtime_ns for f in published.site_dir.rglob("*") if "publikation-1" in f.as_posix()}
    write_site(published, build_id=2)
    assert old and all(file.stat().st_mtime_ns == at for file, at in old.items())
