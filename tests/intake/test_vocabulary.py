"""All readers share one vocabulary for text. Each reading by it is counted."""

import unicodedata

import pytest
from deliveries import deliver_statistics, deliver_workbook, write

from kvalitet.cli.status import read_status
from kvalitet.contracts import read_contract
from kvalitet.intake import extract
from kvalitet.intake.pseudonyms import pseudonym
from kvalitet.settings import AUDITOR
from kvalitet.warehouse.connection import fetch_all

GOOD = [{"Sagsnummer": f"2024 - {n:05d}"} for n in range(200)]
KLAGER = "bif_complaints/klager_2025-01-02.csv"


@pytest.fixture
def readings(settings):
    """The counts over all loads: {(table, column, rule): cells}."""

    def read() -> dict[tuple, int]:
        rows = fetch_all(settings, AUDITOR, "select table_name, column_name, rule, cells from audit.load_reading")
        return {(row["table_name"], row["column_name"], row["rule"]): row["cells"] for row in rows}

    return read


class TestText:
    def test_invisible_signs_do_not_change_key(self, settings, inbox, open_rows, readings):
        deliver_statistics(inbox)
        extract(settings, "ankestyrelsen_statistics")
        shares = "1;Hele\u00a0landet ;2021;Aktivloven;60;20;20;40;6325"
        deliver_statistics(inbox, share=shares)
        for file in (inbox / "ankestyrelsen_statistics").glob("*_2025-01-02.csv"):
            file.rename(file.with_name(file.name.replace("01-02", "01-03")))
        extract(settings, "ankestyrelsen_statistics")
        (row,) = open_rows("ankestyrelsen_statistics__outcome_shares")
        assert row["confirmed_pct"] == 60
        assert {key[1:]: cells for key, cells in readings().items() if key[0] == "outcome_shares"} == {
            ("authority", "blank"): 1,
            ("authority", "outer_blank"): 1,
        }

    @pytest.mark.parametrize(
        ("written", "rule"),
        [
            ("gribskov kommune, særligt", None),
            (unicodedata.normalize("NFD", "gribskov kommune, særligt å"), "composed"),
            ("\u200bgribskov\ufeff kommune", "invisible"),
            ("gribskov\u202fkommune", "blank"),
            ("\tgribskov kommune \n", "outer_blank"),
            ("gribskov kommune_x000D_", "escape"),
        ],
    )
    def test_reading_is_counted_by_rule(self, settings, deliver, open_rows, readings, written, rule):
        deliver(*GOOD, {"Henvisers sagsnummer": written})
        extract(settings, "bif_complaints")
        row = next(row for row in open_rows() if row["case_number"] == "2023-17309")
        expected = unicodedata.normalize("NFC", written).replace("_x000D_", "").replace("\u202f", " ")
        assert row["referrer_case_number"] == expected.strip(" \t\n\u200b\ufeff").replace("\ufeff", "")
        found = {key for key in readings() if key[1] == "referrer_case_number"}
        assert (("complaints", "referrer_case_number", rule) in found) == bool(rule)
        assert rule or not found

    def test_status_shows_values_read_otherwise(self, settings, deliver):
        deliver(*GOOD, {"Udfald": "nan"}, {"Sagsnummer": "2023 - 00001", "Udfald": " medhold"})
        extract(settings, "bif_complaints")
        shown = read_status(settings, "bif_complaints")["read_otherwise"]
        assert [(row["column"], row["rule"], row["cells"]) for row in shown] == [
            ("outcome_id", "nothing", 1),
            ("outcome_id", "outer_blank", 1),
        ]


class TestHeader:
    def test_header_in_other_unicode_is_known(self, settings, inbox, open_rows, readings):
        deliver_workbook(inbox, lambda sheet: sheet.cell(4, 2, unicodedata.normalize("NFD", "Revisionsår")))
        extract(settings, "audit_remarks")
        assert len(open_rows("audit_remarks__remarks")) == 61
        assert [key[2] for key in readings() if key[0] == "remarks"] == ["header"]

    def test_header_with_escape_is_known(self, settings, inbox, open_rows):
        deliver_workbook(inbox, lambda sheet: sheet.cell(4, 4, "Forvaltning(er)_x000D_\n"))
        extract(settings, "audit_remarks")
        assert len(open_rows("audit_remarks__remarks")) == 61

    def test_delimited_header_is_compared_alike(self, settings, inbox, deliver, open_rows, readings):
        deliver(*GOOD)
        text = (inbox / KLAGER).read_bytes().decode()
        write(
            inbox, KLAGER, text.replace('"Henvist af"', '"Henvist\u00a0 af "', 1).replace('"Tema"', '"\u200bTema"', 1)
        )
        extract(settings, "bif_complaints")
        assert len(open_rows()) == 200
        assert {key[1:] for key in readings()} == {("referred_by", "header"), ("theme_id", "header")}


class TestNothing:
    @pytest.mark.parametrize("word", ["nan", "NULL", "n/a", "-", "—", "#I/T", " NA "])
    def test_word_for_nothing_fails_required(self, settings, deliver, rejects, open_rows, word):
        deliver(*GOOD, {"Tema": word})
        extract(settings, "bif_complaints")
        assert {reject[2:4] for reject in rejects()} <= {("theme_id", "required"), ("theme_id", "pattern"),
                                                         ("theme_id", "formula")}  # fmt: skip
        assert len(open_rows()) == 200

    def test_only_required_rule_rejects_nan(self, settings, deliver, rejects):
        deliver(*GOOD, {"Tema": "nan"})
        extract(settings, "bif_complaints")
        assert [reject[2:4] for reject in rejects()] == [("theme_id", "required")]

    def test_column_may_keep_word_as_code(self, tmp_path, settings):
        text = (settings.contracts_dir / "bif_complaints.odcs.yaml").read_text()
        here = "logicalTypeOptions: {maxLength: 40}\n        classification: internal\n"
        kept = here + "        customProperties: [{property: keepWords, value: ['-', 'NA']}]\n"
        (tmp_path / "a.odcs.yaml").write_text(text.replace(here, kept))
        contract = read_contract(tmp_path / "a.odcs.yaml")
        assert contract.problems == ()
        columns = {column.name: column for column in contract.tables["complaints"].columns}
        assert {"-", "na"}.isdisjoint(columns["referrer_case_number"].nothing)
        assert {"-", "na", "nan"} <= set(columns["law_id"].nothing)
        assert "nan" in columns["referrer_case_number"].nothing
        assert columns["received_at"].nothing == () == columns["citizen_pseudonym"].nothing
        assert not [path for path in contract.unused if "keepWords" in path]

    def test_words_for_nothing_must_be_list(self, tmp_path, settings):
        text = (settings.contracts_dir / "bif_complaints.odcs.yaml").read_text()
        text = text.replace(
            "{property: maxClosedPercent",
            "{property: wordsForNothing, value: nan}\n      - {property: maxClosedPercent",
        )
        (tmp_path / "a.odcs.yaml").write_text(text)
        assert "wordsForNothing must be a list" in "\n".join(read_contract(tmp_path / "a.odcs.yaml").problems)


class TestPersons:
    def test_every_spelling_is_same_person(self, settings, deliver, open_rows, everything_written, readings):
        spellings = ["010190-1234", "010190–1234", "010190\u00a01234", "01.01.90-1234", "01011990-1234", "101901234",
                     "101901234.0", "1.01901234E+08", "010190\u00ad-1234", "'0101901234"]  # fmt: skip
        deliver(*({"Sagsnummer": f"2023 - {n:05d}", "CPR": cpr} for n, cpr in enumerate(spellings)))
        extract(settings, "bif_complaints")
        persons = {row["citizen_pseudonym"] for row in open_rows()}
        assert persons == {pseudonym(settings.pseudonym_keys(), "0101901234")}
        # The others differ only by blanks and invisible characters.
        assert readings()["complaints", "citizen_pseudonym", "identity_spelling"] == 7
        written = everything_written()
        assert not any(spelling in written for spelling in spellings)

    @pytest.mark.parametrize("spelling", ["010190–1234", "010190 - 1234", "01011990-1234", "j.nr. 010190_1234.docx"])
    def test_other_spelling_in_text_is_set_aside(self, settings, deliver, rejects, everything_written, spelling):
        deliver(*GOOD, {"Henvisers sagsnummer": spelling})
        extract(settings, "bif_complaints")
        assert [reject[2:4] for reject in rejects()] == [("referrer_case_number", "cpr_in_text")]
        assert spelling not in everything_written()

    def test_repeated_digit_is_nobody(self, settings, deliver, open_rows, readings):
        deliver({"CPR": "1111111111"}, {"Sagsnummer": "2023 - 00001", "CPR": "111111-1111"},
                {"Sagsnummer": "2023 - 00002", "CPR": "000000-0000"})  # fmt: skip
        extract(settings, "bif_complaints")
        found = [(row["citizen_pseudonym"], row["citizen_pseudonym_missing_reason"]) for row in open_rows()]
        assert found == [(None, "nobody"), (None, "not_a_person"), (None, "nobody")]
        assert readings() == {("complaints", "citizen_pseudonym", "nobody"): 3}

    def test_person_with_many_cases_is_counted(self, settings, deliver, open_rows, readings):
        cases = [{"Sagsnummer": f"2024 - {n:05d}", "CPR": f"0101901{n % 40:03}"} for n in range(160)]
        cases += [{"Sagsnummer": f"2023 - {n:05d}", "CPR": "0202902222"} for n in range(40)]
        deliver(*cases)
        extract(settings, "bif_complaints")
        assert readings() == {("complaints", "citizen_pseudonym", "often"): 40}
        assert sum(row["citizen_pseudonym"] is not None for row in open_rows()) == 200


class TestLineEnds:
    def test_mixed_line_ends_are_counted(self, settings, inbox, deliver, open_rows, readings, rejects):
        deliver(*GOOD, {"Fritekst": "linje 1\nlinje 2\r\nlinje 3"})
        lines = (inbox / KLAGER).read_bytes().split(b"\r\n")
        write(inbox, KLAGER, b"".join(line + (b"\n" if n % 3 == 0 else b"\r\n") for n, line in enumerate(lines[:-1])))
        extract(settings, "bif_complaints")
        assert (len(open_rows()), rejects()) == (201, [])
        # 68 of the 203 line ends differ, and one of them is within quotes.
        assert readings() == {("complaints", "*", "line_end"): 67}

    def test_stray_quote_leaves_texts_as_they_are(self, settings, inbox, deliver, open_rows, readings, rejects):
        deliver(
            *GOOD, {"Henvisers sagsnummer": "a\nb"}, {"Sagsnummer": "2023 - 00002", "Henvisers sagsnummer": "c\r\nd"}
        )
        lines = (inbox / KLAGER).read_bytes().splitlines(keepends=True)
        write(inbox, KLAGER, b"".join([*lines[:1], b'x"\n', *lines[1:]]))
        extract(settings, "bif_complaints")
        assert {"a\nb", "c\r\nd"} <= {row["referrer_case_number"] for row in open_rows()}
        assert (len(open_rows()), len(rejects())) == (202, 1)
        assert readings() == {("complaints", "*", "line_end"): 1}

    def test_cr_cr_lf_is_one_line_end(self, settings, inbox, deliver, open_rows, readings, rejects):
        deliver(*GOOD)
        write(inbox, KLAGER, (inbox / KLAGER).read_bytes().replace(b"\r\n", b"\r\r\n"))
        extract(settings, "bif_complaints")
        assert (len(open_rows()), rejects()) == (200, [])
        assert readings() == {("complaints", "*", "line_end"): 201}

    def test_line_ends_in_quotes_are_unchanged(self, settings, inbox, deliver, open_rows, readings):
        deliver(*GOOD, {"Henvisers sagsnummer": "a\nb"})
        extract(settings, "bif_complaints")
        assert "a\nb" in [row["referrer_case_number"] for row in open_rows()]
        assert readings() == {}
