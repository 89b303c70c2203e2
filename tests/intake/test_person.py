"""One person: showing what is held, erasing it, and a new key of the pseudonyms. The typed number is kept nowhere."""

import json
import sys

import psycopg
import pytest
from deliveries import COMPLAINT, as_csv, write
from kvalitet_example import generate
from psycopg import sql
from typer.testing import CliRunner

from kvalitet.build.builds import begin_build, finish
from kvalitet.cli.app import app
from kvalitet.contracts import load_contracts
from kvalitet.errors import KvalitetError
from kvalitet.intake import extract
from kvalitet.intake.pseudonyms import pseudonym
from kvalitet.intake.row_hash import hash_sql
from kvalitet.landing import Store
from kvalitet.landing.private_folder import private_folder
from kvalitet.persons import places, rekeying
from kvalitet.persons.erasure import erase
from kvalitet.persons.held import held
from kvalitet.persons.number import Number
from kvalitet.persons.rekeying import rotate_key
from kvalitet.settings import AUDITOR, LOADER, TRANSFORMER, Settings
from kvalitet.warehouse.connection import connect

pytestmark = pytest.mark.slow

#: The module, which the function of the same name shadows.
extracting = sys.modules["kvalitet.intake.taking"]

GOOD = [{"Sagsnummer": f"2024 - {n:05d}"} for n in range(100)]
TYPED = "010190-1234"
PERSON, OTHER = Number.typed(TYPED), Number.typed("0202851122")
FIRST = {"Sagsnummer": "2024 - 00500", "CPR": TYPED, "Fritekst": "Marianne skriver selv"}
SECOND = {"Sagsnummer": "2024 - 00501", "CPR": "0101901234", "Modtaget": "2023-06-02T09:15:00"}
SOMEBODY_ELSE = {"Sagsnummer": "2024 - 00502", "CPR": OTHER.digits, "Fritekst": f"om naboen {TYPED}, ringede"}


@pytest.fixture(autouse=True)
def admin_of_the_test(admin_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(places.server, "admin_url", lambda settings, database: admin_url)


@pytest.fixture(scope="module")
def taken_in(deliveries_taken_in) -> Settings:
    """Two deliveries. One person has two cases, one of which changed, and another one's text names the person."""
    return deliveries_taken_in(
        ([*GOOD, FIRST, SECOND, SOMEBODY_ELSE], "2025-01-02"),
        ([*GOOD, FIRST | {"Udfald": "medhold"}, SECOND, SOMEBODY_ELSE], "2025-01-03"),
    )


@pytest.fixture
def delivered(become, taken_in) -> None:
    """A copy of the warehouse that took them in, for one test."""
    become(taken_in)


def persons_of(settings: Settings) -> list[tuple]:
    """(case, from load, person) of every version of a row with a person."""
    with connect(settings, LOADER) as connection:
        rows = connection.execute(
            "select case_number, valid_from_load, citizen_pseudonym from raw.bif_complaints__complaints"
            " where citizen_pseudonym is not null order by 1, 2"
        ).fetchall()
    return [tuple(row.values()) for row in rows]


def kept_texts(settings: Settings, table: str = "complaints") -> list[str]:
    """What the landing store holds of a table, oldest load first."""
    store, texts = Store(settings), []
    with connect(settings, LOADER) as connection:
        rows = connection.execute(
            "select * from audit.landed_file where %s = any(table_names) and purged_at is null order by load_id",
            [table],
        ).fetchall()
    with private_folder(settings) as folder:
        for row in rows:
            store.fetch(row["path"], folder / "kept", row["kept_sha256"])
            texts.append((folder / "kept").read_text())
    return texts


def kvalitet(settings: Settings, monkeypatch: pytest.MonkeyPatch, *arguments: str, typed: str):
    """Run the command line in this process, with the number typed in."""
    monkeypatch.setattr("kvalitet.settings.Settings.from_environment", lambda: settings)
    return CliRunner().invoke(app, arguments, input=f"{typed}\n", catch_exceptions=True)


class TestHeld:
    def test_shows_every_row_version_and_file(self, settings, delivered):
        found = held(settings, PERSON)
        names = ("case_number", "outcome_id", "from_delivery", "until_delivery")
        assert [tuple(row[name] for name in names) for row in found["bif_complaints__complaints"]] == [
            ("2024-00500", None, "2025-01-02", "2025-01-03"),
            ("2024-00500", "medhold", "2025-01-03", None),
            ("2024-00501", None, "2025-01-02", None),
        ]  # fmt: skip
        assert all("citizen_pseudonym" not in row for row in found["bif_complaints__complaints"])
        # The neighbour's text names the person too, so there are three records in each delivery.
        files = [(row["file_name"], row["records"]) for row in found["kept files"]]
        assert sorted(files) == [("klager_2025-01-02.csv", 3), ("klager_2025-01-03.csv", 3)]

    def test_unknown_person_has_nothing(self, settings, delivered):
        assert held(settings, Number.typed("0303701111")) == {}

    def test_number_is_prompted_and_not_stored(self, settings, delivered, monkeypatch, tmp_path, everything_written):
        out = tmp_path / "access.json"
        shown = kvalitet(settings, monkeypatch, "person", "show", "--out", str(out), typed=TYPED)
        assert (shown.exit_code, shown.exception) == (0, None)
        assert "bif_complaints__complaints: 3 rows" in shown.output
        assert out.stat().st_mode & 0o777 == 0o600
        assert len(json.loads(out.read_text())["bif_complaints__complaints"]) == 3
        pseudonyms = PERSON.pseudonyms(settings.pseudonym_keys())
        for text in (shown.output, out.read_text()):
            assert not any(secret in text for secret in (TYPED, PERSON.digits, *pseudonyms))
        assert not any(secret in everything_written() for secret in (TYPED, PERSON.digits))

    def test_invalid_number_is_not_repeated(self, settings, monkeypatch):
        shown = kvalitet(settings, monkeypatch, "person", "show", typed="310290-123x")
        assert isinstance(shown.exception, KvalitetError)
        assert "310290" not in str(shown.exception) + shown.output
        assert PERSON.digits not in repr(PERSON)


class TestErasure:
    def test_person_is_gone_and_rows_still_count(self, settings, delivered, everything_written):
        before = persons_of(settings)
        done = erase(settings, PERSON, "request of 3 March", "A. Hansen")
        assert vars(done) == {
            "erasure_id": 1, "rows_delinked": 3, "rows_in_builds": 0, "files_rewritten": 2, "files_destroyed": 0,
        }  # fmt: skip
        after = persons_of(settings)
        assert [row[:2] for row in after] == [row[:2] for row in before]
        words = {person for case, _, person in after if case != "2024-00502"}
        assert len(words) == 1  # the two cases still belong to one person, so repeats are counted as before
        assert next(iter(words)).startswith("erased:")
        assert after[-1] == before[-1]
        assert held(settings, PERSON) == {}
        written = everything_written()  # asked only once, because a number has thousands of forms
        assert not any(secret in written for secret in PERSON.pseudonyms(settings.pseudonym_keys()))
        with connect(settings, AUDITOR) as connection:
            row = connection.execute("select * from audit.person_erasure").fetchone()
        assert row is not None
        assert (row["erased_by"], row["reason"], row["rows_delinked"]) == ("A. Hansen", "request of 3 March", 3)

    def test_kept_files_lose_only_the_person(self, settings, delivered):
        (first, _), keys = kept_texts(settings), settings.pseudonym_keys()
        erase(settings, PERSON, "request", "A. Hansen")
        rewritten, _ = kept_texts(settings)
        assert not any(word in rewritten for word in (TYPED, PERSON.digits, "Marianne", "naboen"))
        assert len(rewritten.splitlines()) == len(first.splitlines())
        unnamed = [line for line in first.splitlines() if "2024 - 000" in line]
        assert [line.replace('"', "") for line in unnamed] == [
            line.replace('"', "") for line in rewritten.splitlines() if "2024 - 000" in line
        ]
        assert OTHER.digits not in rewritten  # the record named the person, so its private columns are empty
        assert [row[0] for row in persons_of(settings) if row[2] == pseudonym(keys, OTHER.digits)] == ["2024-00502"]
        with connect(settings, LOADER) as connection:
            files = connection.execute(
                "select sha256, kept_sha256, path from audit.landed_file order by path"
            ).fetchall()
        assert sum(row["sha256"] != row["kept_sha256"] for row in files) == 2
        assert set(Store(settings).files()) == {row["path"] for row in files}

    def test_unreadable_file_is_destroyed(self, settings, inbox):
        text = as_csv([COMPLAINT | {"CPR": TYPED, "Tema": "ø"}], list(COMPLAINT)).encode("latin-1")
        write(inbox, "bif_complaints/klager_2025-01-02.csv", text)
        write(inbox, "bif_complaints/klagepunkter_2025-01-02.csv", "x\r\n")
        with pytest.raises(KvalitetError):
            extract(settings, "bif_complaints")
        done = erase(settings, PERSON, "request", "A. Hansen")
        assert (done.files_rewritten, done.files_destroyed) == (0, 1)
        with connect(settings, LOADER) as connection:
            rows = connection.execute(
                "select file_name from audit.landed_file where purged_because = 'erasure'"
            ).fetchall()
        assert [row["file_name"] for row in rows] == ["klager_2025-01-02.csv"]

    def test_second_erasure_does_nothing(self, settings, delivered):
        erase(settings, PERSON, "request", "A. Hansen")
        assert erase(settings, PERSON, "request", "A. Hansen").erasure_id is None

    def test_erased_case_stays_erased(self, settings, delivered, deliver):
        erase(settings, PERSON, "request", "A. Hansen")
        before = persons_of(settings)
        new_case = {"Sagsnummer": "2024 - 00600", "CPR": TYPED}
        deliver(*GOOD, FIRST | {"Udfald": "medhold"}, SECOND | {"Udfald": "afvist"}, SOMEBODY_ELSE, new_case,
                cutoff="2025-01-04")  # fmt: skip
        counts = extract(settings, "bif_complaints").loads[-1].tables["complaints"]
        assert (counts.opened, counts.changed, counts.closed) == (1, 1, 0)
        added = [row for row in persons_of(settings) if row not in before]
        assert [(case, person[:7]) for case, _, person in added if case != "2024-00600"] == [("2024-00501", "erased:")]
        # A new case is a new matter, so it has a person again.
        assert PERSON.pseudonyms(settings.pseudonym_keys())[0] in [person for _, _, person in added]

    def test_erases_builds_but_not_during_one(self, settings, delivered, admin_url):
        build = begin_build(settings, owner="test")
        with pytest.raises(KvalitetError, match=f"Build {build.build_id} of test is under way"):
            erase(settings, PERSON, "request", "A. Hansen")
        with connect(settings, TRANSFORMER) as connection:
            connection.execute("set local role kvalitet_candidate_owner")
            connection.execute("create table candidate_work.t (citizen_pseudonym text)")
            connection.execute(
                "insert into candidate_work.t values (%s)", [PERSON.pseudonyms(settings.pseudonym_keys())[0]]
            )
        finish(settings, build.build_id, TRANSFORMER, "failed")
        assert erase(settings, PERSON, "request", "A. Hansen").rows_in_builds == 1

    def test_running_extraction_stops_erasure(self, settings, delivered, deliver, monkeypatch):
        landed, tried = extracting.land, []

        def erase_meanwhile(*arguments):
            with pytest.raises(KvalitetError, match="An extraction is running"):
                erase(settings, PERSON, "request", "A. Hansen")
            tried.append(landed(*arguments))
            with pytest.raises(KvalitetError, match="An extraction is running"):
                erase(settings, PERSON, "request", "A. Hansen")
            return tried[-1]

        monkeypatch.setattr(extracting, "land", erase_meanwhile)
        deliver(*GOOD, FIRST, SECOND | {"Udfald": "afvist"}, SOMEBODY_ELSE, cutoff="2025-01-04")
        extract(settings, "bif_complaints")
        assert tried and erase(settings, PERSON, "request", "A. Hansen").files_rewritten == 3

    def test_command_asks_twice(self, settings, delivered, monkeypatch):
        asked = kvalitet(settings, monkeypatch, "person", "erase", "--reason", "request", typed=f"{TYPED}\nn")
        assert asked.exit_code == 1
        assert len(held(settings, PERSON)) == 2
        done = kvalitet(settings, monkeypatch, "person", "erase", "--reason", "request", typed=f"{TYPED}\ny")
        assert "Erasure 1: 3 rows of raw, 0 of builds, 2 kept files written anew, 0 destroyed." in done.output
        assert TYPED not in asked.output + done.output


class TestKeyRotation:
    def test_repeats_are_found_across_rotation(self, settings, delivered, deliver, own_secrets):
        old_key, before = settings.pseudonym_keys(), persons_of(settings)
        erased = Number.typed("0202851122")
        erase(settings, erased, "request", "A. Hansen")
        assert rotate_key(settings, "A. Hansen") == 3  # the erased one has no pseudonym
        keys = settings.pseudonym_keys()
        assert keys[0] == old_key[0] and len(keys) == 2
        expected = pseudonym(keys, PERSON.digits)
        after = {case: person for case, _, person in persons_of(settings)}
        assert after["2024-00500"] == after["2024-00501"] == expected not in [person for *_, person in before]
        assert after["2024-00502"].startswith("erased:")
        deliver(*GOOD, FIRST | {"Udfald": "medhold"}, SECOND, SOMEBODY_ELSE, {"CPR": TYPED}, cutoff="2025-01-04")
        counts = extract(settings, "bif_complaints").loads[-1].tables["complaints"]
        assert (counts.opened, counts.changed, counts.unchanged) == (1, 0, 103)
        assert {case: person for case, _, person in persons_of(settings)}["2023-17309"] == expected
        assert len(held(settings, PERSON)["bif_complaints__complaints"]) == 4

    @pytest.mark.parametrize("is_committed", [False, True])
    def test_killed_rotation_is_resumed(self, settings, delivered, deliver, own_secrets, monkeypatch, is_committed):
        def killed(*_):
            raise KeyboardInterrupt

        with monkeypatch.context() as patched:
            patched.setattr(rekeying, "_put_in_place" if is_committed else "_rekey", killed)
            with pytest.raises(KeyboardInterrupt):
                rotate_key(settings, "A. Hansen")
        deliver(*GOOD, FIRST, SECOND, cutoff="2025-01-04")
        if is_committed:  # the warehouse has the new key, the file has the old one
            with pytest.raises(KvalitetError, match="The pseudonym key is not the one"):
                extract(settings, "bif_complaints")
        assert rotate_key(settings, "A. Hansen") == 4
        assert not (own_secrets / "pseudonym.key.next").exists()
        assert extract(settings, "bif_complaints").outcome == "accepted"
        assert (own_secrets / "pseudonym.key").stat().st_mode & 0o777 == 0o600

    def test_other_key_changes_nothing(self, settings, delivered, own_secrets):
        file, coming = own_secrets / "pseudonym.key", own_secrets / "pseudonym.key.next"
        first = file.read_text()
        rotate_key(settings, "A. Hansen")
        rotated, before = file.read_text(), persons_of(settings)
        for another in ("ab" * 32, first):
            file.write_text(another)
            with pytest.raises(KvalitetError, match="The pseudonym key is not the one that the rows in raw were made"):
                rotate_key(settings, "A. Hansen")
            assert not coming.exists()
        assert persons_of(settings) == before
        file.write_text(rotated)
        coming.write_text(f"{'ab' * 32}\n{'cd' * 32}\n")
        with pytest.raises(KvalitetError, match=r"pseudonym\.key\.next was made from other keys than"):
            rotate_key(settings, "A. Hansen")
        assert persons_of(settings) == before and file.read_text() == rotated
        with pytest.raises(KvalitetError, match="--by holds what reads as a personal number"):
            rotate_key(settings, f"me {TYPED}")


def test_row_hash_is_same_in_postgres(settings, inbox, admin_url):
    """Compared in five sources of the fictional municipality, which have all types, with and without missing values."""
    generate(inbox, night=1, complaints=2000)
    compared = 0
    for source in ("bif_complaints", "early_retirement_cases", "appeal_cases", "citizen_surveys", "result_status"):
        contract = load_contracts(settings)[source]
        extract(settings, source)
        for table in contract.tables.values():
            with psycopg.connect(admin_url) as connection:
                connection.execute("set local timezone = 'UTC'")
                query = sql.SQL("select count(*), count(*) filter (where row_hash <> {}) from {} as r").format(
                    hash_sql(table, "r"), sql.Identifier("raw", table.raw_name)
                )
                rows, differing = connection.execute(query).fetchone() or (0, 0)
            assert (differing, rows > 0) == (0, True), table.raw_name
            compared += rows
    assert compared > 4000


def test_no_runtime_role_may_change_person(settings, delivered):
    for role in (LOADER, TRANSFORMER, AUDITOR):
        for statement in (
            "update raw.bif_complaints__complaints set citizen_pseudonym = 'x'",
            "insert into audit.person_erasure (erased_by, reason, rows_delinked, rows_in_builds, files_rewritten,"
            " files_destroyed) values ('x', 'x', 0, 0, 0, 0)",
            "delete from audit.person_erasure",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege), connect(settings, role) as connection:
                connection.execute(statement)  # type: ignore[arg-type]


#: An earlier version could not read these spellings. It kept them as delivered in columns of free form.
EARLIER = (
    "01.01.1990-1234", "01-01-90 1234", "010119901234", "101901234", "010190–1234", "01/01/1990 - 1234",
    "010190\u00a01234", "01 01 90 12 34", "01.01.90.12.34", "19900101-1234", "1990-01-01 1234", "010190-12 34",
)  # fmt: skip


@pytest.mark.parametrize("is_rekeyed", [False, True])
def test_earlier_forms_of_number_are_found(settings, admin_url, deliver, own_secrets, is_rekeyed):
    deliver(*GOOD)
    extract(settings, "bif_complaints")
    assert held(settings, PERSON) == {}
    with psycopg.connect(admin_url) as connection:
        for number, earlier in enumerate(EARLIER):
            connection.execute(
                "update raw.bif_complaints__complaints set citizen_pseudonym = %s where case_number = %s",
                [pseudonym(settings.pseudonym_keys(), earlier), f"2024-{number:05d}"],
            )
    if is_rekeyed:
        assert rotate_key(settings, "A. Hansen") == len(EARLIER)
    assert len(held(settings, PERSON)["bif_complaints__complaints"]) == len(EARLIER)
    assert erase(settings, PERSON, "request", "A. Hansen").rows_delinked == len(EARLIER)
    assert held(settings, PERSON) == {}
