"""`kvalitet source new` drafts a contract from a file and marks each guess. The draft then takes the file in."""

import shutil
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest
import xlsxwriter
from kvalitet_example.deliver import generate
from typer.testing import CliRunner

from kvalitet.cli.app import app
from kvalitet.contracts import Contract, load_contracts, read_contract
from kvalitet.contracts.staging import SHAPES
from kvalitet.errors import KvalitetError
from kvalitet.intake import extract
from kvalitet.onboarding import Draft, draft_source
from kvalitet.services import preparing
from kvalitet.settings import Settings

HEADER = "Sagsnr.;Borger CPR;Oprettet;Tidspunkt;Beløb;Antal;Lukket;Sagstype;Postnr;Bemærkning;Svar"
TYPES = ("klage", "anke", "tilsyn")


def row(number: int) -> str:
    """A case as the source writes it. The last of each hundred has mistakes that sources make."""
    answer = "." if number % 10 == 0 else str(number % 7)
    day = "31-02-2024" if number == 99 else f"{number % 28 + 1:02d}-03-2024"
    return ";".join(
        (
            f"A-{number:04d}",
            f"{number % 28 + 1:02d}0190-{1000 + number}",
            day,
            f"2024-03-{number % 28 + 1:02d} 08:{number % 60:02d}:00",
            f"{number}.{100 + number},50",
            str(number),
            "Ja" if number % 3 else "Nej",
            TYPES[number % 3],
            f"{number % 90 + 100:04d}",
            f'"Borgeren skrev den {day} om sin sag, og svaret blev givet i telefonen samme dag; nr. {number}"',
            answer,
        )
    )


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "sager_2024-04-01.csv"
    path.write_bytes("\r\n".join([HEADER, *(row(n) for n in range(1, 121)), ""]).encode("windows-1252"))
    return path


@pytest.fixture
def checkout(tmp_path: Path) -> Settings:
    """An empty place for drafts."""
    root = tmp_path / "checkout"
    (root / "dbt_project" / "macros").mkdir(parents=True)
    shutil.copy(Settings.from_environment().dbt_dir / "macros" / SHAPES, root / "dbt_project" / "macros")
    (root / "example" / "administration").mkdir(parents=True)
    return replace(Settings.from_environment(), root=root)


def draft(settings: Settings, *files: Path, source: str = "sager") -> Draft:
    return draft_source(settings, source, list(files), "Sagsenheden", "sager@example.invalid")


def columns_of(contract: Contract) -> dict:
    assert contract.problems == ()
    return {column.header: column for table in contract.tables.values() for column in table.columns}


def test_known_kind_needs_no_staging(checkout, file):
    made = draft(checkout, file, source="court_cases")
    assert [path.name for path in made.files] == ["court_cases.odcs.yaml", "court_cases.md"]
    written = made.files[0].read_text()
    assert "call a table `cases`" in written and "external_case_number, court_level, brought_date" in written


class TestDelimitedFile:
    def test_form_of_file_is_found(self, checkout, file):
        contract = draft(checkout, file).contract
        assert (contract.file_format, contract.encoding, contract.delimiter) == ("csv", "windows-1252", ";")
        assert (contract.decimal_sign, contract.thousands_sign, contract.timezone) == (",", ".", "Europe/Copenhagen")
        (table,) = contract.tables.values()
        assert (table.name, table.file_pattern) == ("sager", "sager_{cutoff}.csv")
        assert table.key == ("sagsnr",)

    @pytest.mark.parametrize(
        ("header", "logical_type", "classification", "form"),
        [
            ("Sagsnr.", "string", "internal", None),
            ("Borger CPR", "string", "personal", "cpr"),
            ("Oprettet", "date", "internal", "dd-MM-yyyy"),
            ("Tidspunkt", "timestamp", "internal", "yyyy-MM-dd HH:mm:ss"),
            ("Beløb", "number", "internal", None),
            ("Antal", "integer", "internal", None),
            ("Lukket", "boolean", "internal", None),
            ("Sagstype", "string", "internal", None),
            ("Postnr", "string", "internal", None),
            ("Bemærkning", "string", "sensitive", None),
            ("Svar", "integer", "internal", None),
        ],
    )
    def test_column(self, checkout, file, header, logical_type, classification, form):
        column = columns_of(draft(checkout, file).contract)[header]
        assert (column.logical_type, column.classification, column.format) == (logical_type, classification, form)

    def test_words_and_missing_values_are_stated(self, checkout, file):
        columns = columns_of(draft(checkout, file).contract)
        assert columns["Lukket"].true_values == ("Ja",) and columns["Lukket"].false_values == ("Nej",)
        assert columns["Sagstype"].valid_values == ("anke", "klage", "tilsyn")
        assert columns["Svar"].missing_values == {".": "unknown"}
        assert columns["Beløb"].scale == 2

    def test_no_value_of_person_is_written(self, checkout, file):
        for written in draft(checkout, file).files:
            text = written.read_text(encoding="utf-8")
            assert "Borgeren skrev" not in text and "0190-1" not in text, written

    def test_guesses_are_marked(self, checkout, file):
        made = draft(checkout, file)
        text = made.files[0].read_text(encoding="utf-8")
        assert "# guess: 1 of 120 values have another form, and would be set aside" in text
        assert "classification: internal  # guess" in text
        assert made.guesses == text.count("# guess") > 20

    def test_american_dates_with_half_days(self, checkout, tmp_path):
        file = tmp_path / "requests_2024-04-01.csv"
        lines = [f"{n},03/{n % 28 + 1:02d}/2024 11:45:00 PM,{n / 4:.2f}" for n in range(1, 60)]
        file.write_text("\n".join(["Unique Key,Created,Fee", *lines, ""]))
        contract = draft(checkout, file, source="requests").contract
        columns = columns_of(contract)
        assert columns["Created"].format == "MM/dd/yyyy hh:mm:ss a"
        assert (columns["Fee"].logical_type, contract.decimal_sign) == ("number", ".")

    def test_ambiguous_dates_are_marked(self, checkout, tmp_path):
        file = tmp_path / "x_2024-04-01.csv"
        file.write_text("\n".join(["id;day", *(f"{n};0{n}/0{10 - n}/2024" for n in range(1, 10)), ""]))
        assert "could as well be MM/dd/yyyy" in draft(checkout, file).files[0].read_text(encoding="utf-8")

    @pytest.mark.parametrize(
        ("name", "pattern", "note"),
        [
            ("sager_20240401.csv", "sager_{cutoff}.csv", "must be written yyyy-mm-dd"),
            ("sager 01.04.2024.csv", "sager {cutoff}.csv", "must be written yyyy-mm-dd"),
            ("sager.csv", "sager_{cutoff}.csv", "has no date"),
        ],
    )
    def test_name_without_agreed_date(self, checkout, file, name, pattern, note):
        made = draft(checkout, file.rename(file.with_name(name)))
        assert [table.file_pattern for table in made.contract.tables.values()] == [pattern]
        assert note in made.files[0].read_text(encoding="utf-8")

    def test_missing_key_is_reported(self, checkout, tmp_path):
        file = tmp_path / "x_2024-04-01.csv"
        file.write_text("a;b\n1;2\n1;2\n1;2\n")
        assert "find the key, this is not it" in draft(checkout, file).files[0].read_text(encoding="utf-8")

    def test_two_columns_together_are_key(self, checkout, tmp_path):
        file = tmp_path / "x_2024-04-01.csv"
        lines = [f"C{centre};2024-{month:02d};1" for centre in range(3) for month in range(1, 5)]
        file.write_text("\n".join(["center;måned;antal", *lines, ""]))
        (table,) = draft(checkout, file).contract.tables.values()
        assert table.key == ("center", "maaned")


class TestWorkbook:
    @pytest.fixture
    def book(self, tmp_path: Path) -> Path:
        path = tmp_path / "bemaerkninger_2024-04-01.xlsx"
        with xlsxwriter.Workbook(path) as book:
            day = book.add_format({"num_format": "dd-mm-yyyy"})
            for title in ("Bemærkninger", "Opfølgning"):
                sheet = book.add_worksheet(title)
                sheet.write(0, 0, f"{title} fra revisionen, opdateret løbende")
                sheet.write_row(2, 0, ["Nr.", "Frist", "Antal"])
                for n in range(1, 31):
                    sheet.write(2 + n, 0, f"R{n:03d}")
                    if n % 5:
                        sheet.write_datetime(2 + n, 1, datetime(2024, 3, n % 28 + 1), day)  # noqa: DTZ001 - a cell has no zone
                    else:
                        sheet.write(2 + n, 1, f"{n % 28 + 1:02d}-03-2024")
                    sheet.write(2 + n, 2, n)
            book.add_worksheet("Skjult").hide()
        return path

    def test_each_sheet_with_table_is_one(self, checkout, book):
        contract = draft(checkout, book, source="revision").contract
        assert {table.name: table.sheet for table in contract.tables.values()} == {
            "bemaerkninger": "Bemærkninger",
            "opfoelgning": "Opfølgning",
        }
        columns = columns_of(contract)
        assert (columns["Frist"].logical_type, columns["Frist"].format) == ("date", "dd-MM-yyyy")
        assert columns["Antal"].logical_type == "integer"


class TestRefusal:
    @pytest.mark.parametrize(
        ("content", "says"),
        [(b"", "is empty"), ("a;b\n1;2\n".encode("utf-16"), "is written in UTF-16")],
    )
    def test_unreadable_file(self, checkout, tmp_path, content, says):
        (file := tmp_path / "x_2024-04-01.csv").write_bytes(content)
        with pytest.raises(KvalitetError, match=says):
            draft(checkout, file)

    def test_other_kinds_of_file(self, checkout, tmp_path):
        (file := tmp_path / "x.pdf").write_bytes(b"%PDF-1.7")
        with pytest.raises(KvalitetError, match="neither CSV nor a workbook"):
            draft(checkout, file)

    def test_files_of_different_forms(self, checkout, file, tmp_path):
        (other := tmp_path / "andre_2024-04-01.csv").write_text("a,b\n1,2\n3,4\n")
        with pytest.raises(KvalitetError, match="differ in format, encoding, delimiter or quote"):
            draft(checkout, file, other)

    def test_nothing_is_overwritten(self, checkout, file):
        made = draft(checkout, file)
        made.files[0].unlink()
        before = made.files[1].read_bytes()
        with pytest.raises(KvalitetError, match="is there already"):
            draft(checkout, file)
        assert made.files[1].read_bytes() == before and not made.files[0].exists()


def test_drafted_contract_accepts_its_file(settings, admin_url, checkout, file, tmp_path, monkeypatch):
    """One row of 120 has a day that does not exist, so it is set aside. All other rows are accepted."""
    made = draft(checkout, file)
    monkeypatch.setenv("KVALITET_CONTRACTS", str(made.files[0].parent))
    (folder := tmp_path / "inbox" / "sager").mkdir(parents=True)
    monkeypatch.setenv("KVALITET_SETTLE_SECONDS", "0")
    here = replace(settings, inbox=str(folder.parent))
    preparing.open_warehouse(here, admin_url)
    shutil.copy(file, folder)
    (load,) = extract(here, "sager").loads
    assert (load.tables["sager"].delivered, load.tables["sager"].rejected) == (120, 1)


def test_command_names_files_and_next_steps(checkout, file, monkeypatch):
    monkeypatch.setenv("KVALITET_ROOT", str(checkout.root))
    said = CliRunner().invoke(
        app, ["source", "new", "sager", str(file), "--owner", "Sagsenheden", "--contact", "sager@example.invalid"]
    )
    assert said.exit_code == 0, said.output
    assert said.output.count("wrote ") == 4
    assert "guesses are marked" in said.output
    assert read_contract(checkout.contracts_dir / "sager.odcs.yaml").problems == ()


@pytest.mark.slow
def test_persons_of_samples_are_found(checkout, tmp_path):
    """The sources are not those that drafting was written for. No personal number would land in clear."""
    ours = Settings.from_environment()
    generate(tmp_path / "inbox", complaints=2000)
    found = 0
    for contract in load_contracts(ours).values():
        files = sorted((tmp_path / "inbox" / contract.folder).glob("*.csv"))
        for file in files:
            drafted = columns_of(draft(checkout, file, source=f"d{found}").contract)
            found += 1
            for table in contract.tables.values():
                for column in table.columns:
                    if column.classification == "personal" and column.header in drafted:
                        assert drafted[column.header].classification in ("personal", "sensitive"), column.header
    assert found > 10
