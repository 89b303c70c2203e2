"""Bad input, by kind: what happens, and that nothing else is lost."""

import csv
import io
import random
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
import yaml
from deliveries import ANNUAL, COMPLAINT, as_csv, deliver_annual, deliver_statistics, deliver_workbook, write

from kvalitet.contracts import load_contracts
from kvalitet.errors import DeliveryRefused, KvalitetError
from kvalitet.intake import extract, spool
from kvalitet.settings import LOADER, Settings
from kvalitet.warehouse.connection import connect

GOOD = [{"Sagsnummer": f"2024 - {n:05d}"} for n in range(200)]
KLAGER = "bif_complaints/klager_2025-01-02.csv"


def refused(settings: Settings, source: str = "bif_complaints") -> str:
    """The message with which a delivery is refused. Nothing may have been taken in."""
    with pytest.raises(DeliveryRefused) as refusal:
        extract(settings, source)
    with connect(settings, LOADER) as connection:
        loads = connection.execute("select outcome from audit.load").fetchall()
    assert {load["outcome"] for load in loads} <= {"refused"}
    return str(refusal.value)


def text_of(inbox: Path) -> str:
    return (inbox / KLAGER).read_bytes().decode()


class TestWholeDeliveryIsRefused:
    """A fault that makes a whole delivery unreliable refuses it, and nothing is changed."""

    def test_wrong_encoding_names_line(self, settings, inbox, deliver, open_rows):
        deliver(*GOOD)
        write(inbox, KLAGER, text_of(inbox).encode("iso-8859-1"))
        message = refused(settings)
        assert "klager_2025-01-02.csv is not in the agreed encoding utf-8: line 2 " in message
        assert open_rows() == []

    def test_utf8_where_latin1_is_agreed(self, settings, inbox):
        deliver_statistics(inbox, encoding="utf-8")
        assert "it is UTF-8 throughout" in refused(settings, "ankestyrelsen_statistics")

    def test_wrong_delimiter(self, settings, inbox, deliver):
        deliver(*GOOD)
        rows = list(csv.reader(io.StringIO(text_of(inbox))))
        write(inbox, KLAGER, "".join(";".join(row) + "\n" for row in rows))
        assert "the agreed delimiter is ','" in refused(settings)

    def test_missing_column_is_named(self, settings, inbox, deliver):
        deliver(*GOOD)
        header = [name for name in COMPLAINT if name != "Udfald"]
        write(inbox, KLAGER, as_csv([{name: COMPLAINT[name] for name in header}], header))
        assert "missing: Udfald" in refused(settings)

    def test_extra_column_is_named_by_position(self, settings, inbox, deliver):
        deliver(*GOOD)
        write(inbox, KLAGER, as_csv([COMPLAINT | {"Borgers navn": "x"}], [*COMPLAINT, "Borgers navn"]))
        message = refused(settings)
        assert "not agreed: column 20" in message
        assert "navn" not in message

    def test_missing_header_prints_no_values(self, settings, inbox, deliver):
        deliver(*GOOD)
        write(inbox, KLAGER, text_of(inbox).split("\r\n", 1)[1])
        assert "sagsbehandlingstid" not in refused(settings)

    def test_empty_file(self, settings, inbox, deliver):
        deliver(*GOOD)
        write(inbox, KLAGER, b"")
        assert "klager_2025-01-02.csv is empty" in refused(settings)

    def test_header_and_no_rows(self, settings, inbox, deliver):
        deliver(*GOOD)
        write(inbox, KLAGER, as_csv([], list(COMPLAINT)))
        assert "holds no rows" in refused(settings)

    def test_truncated_file(self, settings, inbox, deliver):
        deliver(*GOOD)
        write(inbox, KLAGER, text_of(inbox)[:-40])
        assert "breaks off" in refused(settings)

    def test_more_rejects_than_allowed(self, settings, deliver, open_rows):
        deliver(*GOOD[:10], {"Modtaget": "2023-02-30T10:00:00"}, {"Sagsnummer": "2023 - 00001", "Lukket": "måske"})
        message = refused(settings)
        assert "2 of 12 rows (16.7 %)" in message
        assert "1 × received_at is a date or time that does not exist in the calendar" in message
        assert open_rows() == []

    def test_more_closures_than_allowed(self, settings, deliver, open_rows):
        deliver(*GOOD)
        extract(settings, "bif_complaints")
        deliver(*GOOD[:100], cutoff="2025-01-03")
        with pytest.raises(DeliveryRefused, match=r"would close 100 of 200 rows \(50.0 %\)"):
            extract(settings, "bif_complaints")
        assert len(open_rows()) == 200

    def test_closures_can_be_allowed(self, settings, deliver, open_rows):
        deliver(*GOOD)
        extract(settings, "bif_complaints")
        deliver(*GOOD[:100], cutoff="2025-01-03")
        with pytest.raises(DeliveryRefused):
            extract(settings, "bif_complaints")
        result = extract(settings, "bif_complaints", ("A. Hansen", "old years were purged"))
        assert result.outcome == "accepted"
        assert len(open_rows()) == 100
        with connect(settings, LOADER) as connection:
            row = connection.execute(
                "select closures_allowed_by, closures_allowed_reason from audit.load where load_id = %s",
                [result.loads[-1].load_id],
            ).fetchone()
        assert row
        assert tuple(row.values()) == ("A. Hansen", "old years were purged")


class TestRowIsSetAside:
    """A value that cannot be read keeps its row out. The rows around it are accepted."""

    @pytest.mark.parametrize(
        ("change", "column", "rule"),
        [
            ({"Modtaget": "2023-02-30T10:00:00"}, "received_at", "date_impossible"),
            ({"Modtaget": "30-01-2023 10:00"}, "received_at", "date_format"),
            ({"Modtaget": ""}, "received_at", "required"),
            ({"Modtaget": "2024-03-31T02:30:00"}, "received_at", "local_time_nonexistent"),
            ({"Modtaget": "2024-10-27T02:30:00"}, "received_at", "local_time_ambiguous"),
            ({"Svarfrist": "2023-13-01"}, "answer_due_date", "date_impossible"),
            ({"CPR": "123"}, "citizen_pseudonym", "cpr_invalid"),
            ({"CPR": "n/a"}, "citizen_pseudonym", "cpr_invalid"),
            ({"Lukket": "."}, "is_closed", "boolean_format"),
            ({"Klagetype": "n/a"}, "complaint_type", "unknown_value"),
            ({"Henvisers sagsnummer": "010190-1234"}, "referrer_case_number", "cpr_in_text"),
            ({"Henvisers sagsnummer": "sag om 0101901234"}, "referrer_case_number", "cpr_in_text"),
            ({"Henvisers sagsnummer": "710190-1234"}, "referrer_case_number", "cpr_in_text"),
            ({"Henvisers sagsnummer": "=cmd|' /C calc'!A0"}, "referrer_case_number", "formula"),
            ({"Henvisers sagsnummer": "#REF!"}, "referrer_case_number", "formula_error"),
            ({"Henvisers sagsnummer": "#VÆRDI!"}, "referrer_case_number", "formula_error"),
            ({"Henvisers sagsnummer": "#DIVISION/0!"}, "referrer_case_number", "formula_error"),
            ({"Henvisers sagsnummer": "########"}, "referrer_case_number", "formula_error"),
            ({"Henvisers sagsnummer": "sag \u202e4321"}, "referrer_case_number", "shown_otherwise"),
            ({"Svarfrist": "\u202e2023-10-11"}, "answer_due_date", "shown_otherwise"),
        ],
    )
    def test_value(self, settings, deliver, open_rows, rejects, everything_written, change, column, rule):
        deliver(*GOOD, {"Sagsnummer": "2023 - 17309"} | change)
        result = extract(settings, "bif_complaints")
        assert result.loads[0].tables["complaints"].rejected == 1
        assert rejects() == [(202, "2023-17309", column, rule, False)]
        assert len(open_rows()) == 200
        (value,) = change.values()
        if len(value) > 3:
            assert value not in everything_written()

    def test_row_with_wrong_number_of_columns(self, settings, inbox, deliver, open_rows, rejects):
        deliver(*GOOD)
        lines = text_of(inbox).split("\r\n")
        lines[100] = '"2024 - 00099","too","short"'
        write(inbox, KLAGER, "\r\n".join(lines))
        extract(settings, "bif_complaints")
        assert [reject[1:4] for reject in rejects()] == [(None, None, "row_structure")]
        assert len(open_rows()) == 199

    def test_header_repeated_among_rows(self, settings, inbox, deliver, open_rows, rejects):
        deliver(*GOOD)
        lines = text_of(inbox).split("\r\n")
        lines.insert(100, lines[0])
        write(inbox, KLAGER, "\r\n".join(lines))
        extract(settings, "bif_complaints")
        assert [reject[3] for reject in rejects()] == ["header_repeated"]
        assert len(open_rows()) == 200

    @pytest.mark.parametrize(("one", "other"), [("Modtaget", "Registreret"), ("Sagsnummer", "Tema")])
    def test_second_header_in_other_order(self, settings, inbox, deliver, one, other):
        """The rows below it are in its order. By the first header two columns would silently be swapped."""
        deliver(*GOOD)
        lines = text_of(inbox).split("\r\n")
        header = lines[0].replace(one, "*").replace(other, one).replace("*", other)
        lines.insert(100, header)
        write(inbox, KLAGER, "\r\n".join(lines))
        with pytest.raises(DeliveryRefused, match=r"klager_2025-01-02.csv, line 101: the header stands there again"):
            extract(settings, "bif_complaints")

    def test_files_joined_with_boms_are_one_table(self, settings, inbox, deliver, open_rows, rejects):
        """The files are quoted throughout, as from the source. The header is repeated after the second mark."""
        deliver(*GOOD)
        lines = text_of(inbox).split("\r\n")
        lines.insert(100, f"\ufeff{lines[0]}")
        write(inbox, KLAGER, "\ufeff" + "\r\n".join(lines))
        extract(settings, "bif_complaints")
        assert [reject[3] for reject in rejects()] == ["header_repeated"]
        assert len(open_rows()) == 200

    def test_two_rows_with_one_key(self, settings, deliver, open_rows, rejects):
        deliver(*GOOD, {"Center": "C01"}, {"Center": "C02"})
        extract(settings, "bif_complaints")
        assert [reject[1:4] for reject in rejects()] == [("2023-17309", None, "duplicate_key")] * 2
        assert "2023-17309" not in {row["case_number"] for row in open_rows()}

    def test_key_too_long_for_index(self, settings, deliver, rejects, open_rows, tmp_path, monkeypatch):
        document = yaml.safe_load((settings.contracts_dir / "bif_complaints.odcs.yaml").read_text())
        number = document["schema"][0]["properties"][0]
        del number["logicalTypeOptions"]
        contracts = tmp_path / "contracts"
        contracts.mkdir()
        (contracts / "bif_complaints.odcs.yaml").write_text(yaml.safe_dump(document, allow_unicode=True))
        monkeypatch.setenv("KVALITET_CONTRACTS", str(contracts))
        characters = random.Random(7)  # noqa: S311
        # Postgres compresses repeated characters, so these do not repeat.
        longest, too_long = ("".join(chr(characters.randrange(0x20000, 0x2A000)) for _ in range(n)) for n in (600, 601))
        deliver(*GOOD, {"Sagsnummer": longest}, {"Sagsnummer": too_long})
        extract(settings, "bif_complaints")
        assert [reject[1:3] for reject in rejects() if reject[3] == "too_long"] == [(None, "case_number")]
        assert longest in {row["case_number"] for row in open_rows()}

    def test_decimal_point_where_comma_is_agreed(self, settings, inbox, rejects):
        deliver_annual(inbox, [ANNUAL | {"Ændring pct": "12.5"}])
        extract(settings, "borgerraadgiver_annual")
        assert [reject[2:4] for reject in rejects()] == [("change_pct", "number_format")]

    @pytest.mark.parametrize(
        ("column", "number", "rule"),
        [
            ("Henvendelser", "9" * 25, ("inquiries", "out_of_range")),
            ("Henvendelser", "9" * 25 + ",5", ("inquiries", "integer_format")),
            ("Ændring pct", "9" * 5000, ("change_pct", "out_of_range")),
            ("Ændring pct", "9" * 60 + ",5", ("change_pct", "out_of_range")),
            ("Ændring pct", "0," + "5" * 60, ("change_pct", "too_many_decimals")),
            ("Ændring pct", "\u00ad12,5", ("change_pct", "shown_otherwise")),
            ("Henvendelser", "1\u00ad4", ("inquiries", "shown_otherwise")),
        ],
    )
    def test_number_that_cannot_be_kept(self, settings, inbox, rejects, column, number, rule):
        deliver_annual(inbox, [ANNUAL | {column: number}])
        extract(settings, "borgerraadgiver_annual")
        assert [reject[2:4] for reject in rejects()] == [rule]

    @pytest.mark.parametrize(
        ("number", "rules"),
        [
            ("3112991234", [("inquiries", "cpr_in_text")]),
            ("0112991234", [("inquiries", "cpr_in_text")]),
            ("3113991234", []),  # there is no month 13, so this is no personal number
            ("31129912345", []),
        ],
    )
    def test_count_that_reads_as_personal_number(self, settings, inbox, rejects, number, rules):
        """A column without an agreed maximum would accept it as a number."""
        deliver_annual(inbox, [ANNUAL | {"Henvendelser": number}])
        extract(settings, "borgerraadgiver_annual")
        assert [reject[2:4] for reject in rejects()] == rules

    @pytest.mark.parametrize(
        ("key", "rule"), [("2023 - \u202e90371", "shown_otherwise"), ("SAG-\u041e1", "mixed_scripts")]
    )
    def test_key_that_resembles_another(self, settings, deliver, rejects, open_rows, key, rule):
        deliver(*GOOD, {"Sagsnummer": key})
        extract(settings, "bif_complaints")
        assert rejects() == [(202, None, "case_number", rule, False)] * 2  # the complaint and its point
        assert len(open_rows()) == 200

    def test_cpr_in_key_leaves_key_unread(self, settings, deliver, rejects, everything_written):
        deliver(*GOOD, {"Sagsnummer": "010190-1234"})
        extract(settings, "bif_complaints")
        assert ("case_number", "cpr_in_text") in [reject[2:4] for reject in rejects()]
        assert {reject[1] for reject in rejects()} == {None}
        assert "010190-1234" not in everything_written()


class TestRowIsAccepted:
    """Input that looks odd, but is agreed."""

    def test_reordered_columns_are_read_by_name(self, settings, inbox, deliver, open_rows):
        deliver(*GOOD)
        header = list(reversed(COMPLAINT))
        write(inbox, KLAGER, as_csv([COMPLAINT | row for row in GOOD], header))
        extract(settings, "bif_complaints")
        assert open_rows()[0]["theme_id"] == "sagsbehandlingstid"

    def test_spaces_in_case_number_are_removed(self, settings, deliver, open_rows):
        deliver({"Sagsnummer": "2023 - 17309"})
        extract(settings, "bif_complaints")
        assert open_rows()[0]["case_number"] == "2023-17309"

    def test_local_time_becomes_utc_instant(self, settings, deliver, open_rows):
        deliver({"Modtaget": "2023-07-01T12:00:00", "Registreret": "2023-12-01T12:00:00"})
        extract(settings, "bif_complaints")
        row = open_rows()[0]
        assert row["received_at"] == datetime(2023, 7, 1, 10, tzinfo=UTC)
        assert row["registered_at"] == datetime(2023, 12, 1, 11, tzinfo=UTC)

    def test_hyphen_in_cpr_does_not_matter(self, settings, deliver, open_rows, everything_written):
        deliver(
            {"Sagsnummer": "2023 - 00001", "CPR": "010190-1234"},
            {"Sagsnummer": "2023 - 00002", "CPR": "0101901234"},
            {"Sagsnummer": "2023 - 00003", "CPR": "710190-1234"},
        )
        extract(settings, "bif_complaints")
        one, same, replacement = (row["citizen_pseudonym"] for row in open_rows())
        assert one == same
        assert replacement != one and len(replacement) == 64
        assert "0101901234" not in everything_written() and "010190-1234" not in everything_written()

    def test_ten_zeros_are_not_a_person(self, settings, deliver, open_rows):
        deliver({"CPR": "0000000000"})
        extract(settings, "bif_complaints")
        row = open_rows()[0]
        assert (row["citizen_pseudonym"], row["citizen_pseudonym_missing_reason"]) == (None, "not_a_person")

    def test_point_is_suppressed_not_zero(self, settings, inbox, open_rows):
        deliver_statistics(inbox, share="1;Hele landet;2021;Aktivloven;74;.;12;26;6325")
        extract(settings, "ankestyrelsen_statistics")
        (row,) = open_rows("ankestyrelsen_statistics__outcome_shares")
        assert (row["changed_pct"], row["changed_pct_missing_reason"]) == (None, "suppressed")

    def test_free_text_is_not_landed(self, settings, deliver, everything_written):
        deliver({"Fritekst": "Ring til Grethe på 010190-1234"})
        extract(settings, "bif_complaints")
        assert "Grethe" not in everything_written()


class TestInbox:
    """Other things in the inbox than whole deliveries."""

    def test_incomplete_delivery_waits(self, settings, inbox, deliver):
        deliver(*GOOD)
        (inbox / "bif_complaints/klagepunkter_2025-01-02.csv").unlink()
        result = extract(settings, "bif_complaints")
        assert result.outcome == "missing"
        assert "klagepunkter_2025-01-02.csv has not come" in result.message

    def test_file_still_being_written_waits(self, settings, inbox, deliver, monkeypatch):
        deliver(*GOOD)
        file = inbox / KLAGER
        read = spool.TextCheck.__call__

        def grow(self, chunk):  # the source goes on writing while the file is being read
            with file.open("ab") as out:
                out.write(b"x")
            return read(self, chunk)

        monkeypatch.setattr(spool, "CHUNK_BYTES", 4096)
        monkeypatch.setattr(spool.TextCheck, "__call__", grow)
        result = extract(settings, "bif_complaints")
        assert (result.outcome, "still being written" in result.message) == ("missing", True)
        assert list((settings.var / "spool").iterdir()) == []

    @pytest.mark.parametrize("name", ["..klager_2025-01-02.csv", "klager_2025-01-02.csv.part"])
    def test_unknown_file_names_are_counted(self, settings, inbox, name):
        write(inbox, f"bif_complaints/{name}", "x")
        result = extract(settings, "bif_complaints")
        assert (result.outcome, "1 unrecognised files" in result.message) == ("missing", True)

    def test_link_out_of_inbox_is_not_followed(self, settings, inbox, tmp_path):
        secret = write(tmp_path, "outside.csv", "x")
        (inbox / "bif_complaints").mkdir(parents=True)
        (inbox / KLAGER).symlink_to(secret)
        assert extract(settings, "bif_complaints").outcome == "missing"

    def test_contract_cannot_point_out_of_inbox(self, settings, tmp_path, monkeypatch):
        contracts = tmp_path / "contracts"
        contracts.mkdir()
        text = (settings.contracts_dir / "bif_complaints.odcs.yaml").read_text()
        (contracts / "x.odcs.yaml").write_text(text.replace("path: bif_complaints", "path: ../elsewhere"))
        monkeypatch.setenv("KVALITET_CONTRACTS", str(contracts))
        contract = load_contracts(settings)["bif_complaints"]
        assert "servers: path must be a folder below the inbox, as `klager` or `bif/klager`" in contract.problems


class TestWorkbook:
    """Workbooks as people keep them."""

    def test_formula_error_sets_row_aside(self, settings, inbox, rejects, open_rows):
        deliver_workbook(inbox, lambda sheet: sheet.cell(row=6, column=8, value="#REF!"))
        extract(settings, "audit_remarks")
        assert [reject[2:4] for reject in rejects()] == [("due_date", "formula_error")]
        assert len(open_rows("audit_remarks__remarks")) == 60

    def test_formula_without_result_sets_aside_row(self, settings, inbox, rejects):
        deliver_workbook(inbox, lambda sheet: sheet.cell(row=6, column=8, value="=TODAY()"))
        extract(settings, "audit_remarks")
        assert [reject[2:4] for reject in rejects()] == [("due_date", "formula_error")]

    def test_cpr_in_date_cell_is_not_printed(self, settings, inbox, rejects, recwarn):
        def change(sheet):
            sheet.cell(row=6, column=8, value=3112991234).number_format = "dd-mm-yyyy"

        deliver_workbook(inbox, change)
        extract(settings, "audit_remarks")
        assert [reject[2:4] for reject in rejects()] == [("due_date", "formula_error")]
        assert [str(warning.message) for warning in recwarn if "3112991234" in str(warning.message)] == []

    def test_cell_shown_otherwise_sets_row_aside(self, settings, inbox, rejects):
        def change(sheet):
            sheet.cell(row=6, column=2).number_format = "0%"
            sheet.cell(row=7, column=8).number_format = "d-mmm"

        deliver_workbook(inbox, change)
        extract(settings, "audit_remarks")
        assert [reject[2:4] for reject in rejects()] == [
            ("audit_year", "shown_otherwise"),
            ("due_date", "shown_otherwise"),
        ]

    def test_time_in_date_column_sets_row_aside(self, settings, inbox, rejects):
        def change(sheet):
            cell = sheet.cell(row=6, column=8, value=datetime(2025, 6, 30, 13, 45))  # noqa: DTZ001
            cell.number_format = "dd-mm-yyyy hh:mm"

        deliver_workbook(inbox, change)
        extract(settings, "audit_remarks")
        assert [reject[2:4] for reject in rejects()] == [("due_date", "date_format")]

    def test_filtered_rows_are_refused_by_number(self, settings, inbox):
        def change(sheet):
            sheet.row_dimensions[9].hidden = True

        deliver_workbook(inbox, change)
        assert "rows hidden or filtered out: 9:" in refused(settings, "audit_remarks")

    def test_password_protected_file_is_refused(self, settings, inbox):
        content = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le")
        write(inbox, "audit_remarks/revision_2025-01-02.xlsx", content)
        assert "protected by a password" in refused(settings, "audit_remarks")

    def test_titles_notes_and_blanks_are_skipped(self, settings, inbox, rejects, open_rows):
        deliver_workbook(inbox, lambda sheet: sheet.cell(row=70, column=9, value="husk at ringe til revisionen"))
        extract(settings, "audit_remarks")
        assert (rejects(), len(open_rows("audit_remarks__remarks"))) == ([], 61)

    def test_zip_bomb_is_never_unpacked(self, settings, inbox):
        bomb = io.BytesIO()
        with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("xl/worksheets/sheet1.xml", b"0" * 50_000_000)
        write(inbox, "audit_remarks/revision_2025-01-02.xlsx", bomb.getvalue())
        assert "unpacks to 50000000 bytes" in refused(settings, "audit_remarks")

    def test_file_that_is_no_workbook(self, settings, inbox):
        write(inbox, "audit_remarks/revision_2025-01-02.xlsx", b"not a zip file")
        assert "is not a readable workbook" in refused(settings, "audit_remarks")


def test_missing_table_error_names_migrate(settings, deliver, admin_url):
    deliver(*GOOD)
    with psycopg.connect(admin_url) as owner:
        owner.execute("alter table raw.bif_complaints__complaints rename to elsewhere")
    with pytest.raises(
        KvalitetError, match=r"no table yet for bif_complaints: bif_complaints__complaints\. `kvalitet migr"
    ):
        extract(settings, "bif_complaints")
