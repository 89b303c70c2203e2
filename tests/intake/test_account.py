"""Every record of a file is accounted for, and a row that was set aside is found by its number in the file."""

import csv
from collections.abc import Callable
from pathlib import Path

import pytest
from deliveries import COMPLAINT, as_csv, write

from kvalitet.cli.status import read_status
from kvalitet.errors import MOST_CHARACTERS, DeliveryRefused, KvalitetError
from kvalitet.intake import extract
from kvalitet.intake.rejects import accept, read_rejects
from kvalitet.settings import AUDITOR, Settings
from kvalitet.warehouse.connection import fetch_all

pytestmark = pytest.mark.slow

SOURCE = "bif_complaints"
GOOD = [{"Sagsnummer": f"2024 - {n:05d}"} for n in range(200)]
KLAGER = "bif_complaints/klager_2025-01-02.csv"


@pytest.fixture
def account(settings: Settings) -> Callable[..., dict[tuple[str, str], int]]:
    """(fate, kind) -> records of a table."""

    def read(table: str = "complaints") -> dict[tuple[str, str], int]:
        query = "select fate, kind, records from audit.load_account where table_name = %(table)s"
        rows = fetch_all(settings, AUDITOR, query, {"table": table})
        return {(row["fate"], row["kind"]): row["records"] for row in rows}

    return read


def rewrite(inbox: Path, change: Callable[[list[str]], None]) -> None:
    """Change the delivered complaints line by line. The header is line 1, and so at index 0."""
    lines = (inbox / KLAGER).read_bytes().decode().split("\r\n")
    change(lines)
    write(inbox, KLAGER, "\r\n".join(lines))


def refusal(settings: Settings, source: str = SOURCE) -> str:
    with pytest.raises(DeliveryRefused) as refused:
        extract(settings, source)
    return str(refused.value)


def line_of(**changes: str) -> str:
    return as_csv([COMPLAINT | changes], list(COMPLAINT)).split("\r\n")[1]


def test_blank_records_are_only_counted(settings, inbox, deliver, account, rejects):
    deliver(*GOOD)

    def change(lines: list[str]) -> None:
        lines[5:5] = ["", "," * (len(COMPLAINT) - 1), ",".join(['" "'] * len(COMPLAINT))]

    rewrite(inbox, change)
    extract(settings, SOURCE)
    assert rejects() == []
    assert {fate: n for fate, n in account().items() if fate[0] != "seen"} == {
        ("scanned", "record"): 203,
        ("accepted", "record"): 200,
        ("set_aside", "record"): 0,
        ("dropped", "blank"): 3,
    }
    assert account()["seen", "line_end_crlf"] == 204


def test_rows_are_numbered_by_file_line(settings, inbox, deliver, rejects):
    """A text of three lines, a blank line and a broken record come before the row that is set aside."""
    deliver(*GOOD)

    def change(lines: list[str]) -> None:
        lines[1] = line_of(Sagsnummer="2024 - 00000", Fritekst="linje 1\nlinje 2\nlinje 3")  # lines 2 to 4
        lines[3:3] = [""]  # line 6, and so row 3 is line 7
        lines[4] = '"2024 - 00002","x"'  # line 7
        lines[6] = line_of(Sagsnummer="2024 - 00004", Svarfrist="2024-02-30")  # line 9

    rewrite(inbox, change)
    extract(settings, SOURCE)
    assert sorted((row[0], row[3]) for row in rejects() if row[0] < 100) == [
        (7, "row_structure"),
        (9, "date_impossible"),
    ]
    accept(settings, SOURCE, "complaints", "En prøve.", "Klageteamet", [9])
    assert [row["row_number"] for row in read_rejects(settings, SOURCE) if row["table_name"] == "complaints"] == [7]


def test_record_in_open_quote_is_set_aside(settings, inbox, deliver, rejects, account):
    deliver(*GOOD)

    def change(lines: list[str]) -> None:
        lines[10] = lines[10].removesuffix('"')  # line 11, whose text now takes in line 12

    rewrite(inbox, change)
    extract(settings, SOURCE)
    assert [(row[0], row[3]) for row in rejects()] == [(11, "row_structure"), (12, "row_structure")]
    assert (account()["scanned", "record"], account()["accepted", "record"]) == (200, 198)


def test_record_hidden_in_text_is_refused(settings, inbox, deliver):
    """The column is not landed and the text is properly closed, so nothing else would show that two rows are lost."""
    deliver(*GOOD)

    def change(lines: list[str]) -> None:
        hidden = [",".join(next(csv.reader([lines[n]]))) for n in (11, 12)]
        lines[10:13] = [line_of(Sagsnummer="2024 - 00009", Fritekst="\n".join(["Uden slut", *hidden]))]

    rewrite(inbox, change)
    message = refusal(settings)
    assert "klager_2025-01-02.csv: line 12, 13 stands within a quoted text, and is a whole record" in message
    assert "00010" not in message


def without(column: str) -> list[str]:
    return [value for name, value in COMPLAINT.items() if name != column]


ONE_MORE_OR_FEWER = {
    "the first is missing": without("Sagsnummer"),
    "one is missing": without("Center"),
    "an empty one is missing": without("Videresendt"),
    "one is too many": [*COMPLAINT.values(), "x"],
    "a text was split": [
        part for value in COMPLAINT.values() for part in value.replace("Borgeren ", "Hun, og ").split(",")
    ],
}


@pytest.mark.parametrize("values", ONE_MORE_OR_FEWER.values(), ids=ONE_MORE_OR_FEWER)
def test_near_record_hidden_in_text_is_refused(settings, inbox, deliver, values):
    assert abs(len(values) - len(COMPLAINT)) == 1
    deliver(*GOOD, {"Sagsnummer": "2023 - 00001", "Fritekst": "Uden slut\n" + ",".join(values) + "\nog mere"})
    assert "line 203 stands within a quoted text, and is a record but for one column more or fewer" in refusal(settings)


def test_short_record_in_open_quote_is_set_aside(settings, inbox, deliver, rejects, account):
    deliver(*GOOD)

    def change(lines: list[str]) -> None:
        lines[10] = lines[10].removesuffix('"')  # line 11, whose text now takes in line 12
        lines[11] = lines[11].replace('"C01",', "")

    rewrite(inbox, change)
    extract(settings, SOURCE)
    assert [(row[0], row[3]) for row in rejects()] == [(11, "row_structure"), (12, "row_structure")]
    assert (account()["scanned", "record"], account()["accepted", "record"]) == (200, 198)


@pytest.mark.parametrize(
    "note",
    [
        ", ".join(["og så"] * (len(COMPLAINT) - 1)),
        ",".join(["og så"] * (len(COMPLAINT) + 1)),
        "Ringede 2023-05-02,fik svar,ringede igen,intet svar" + ",så skrev hun" * (len(COMPLAINT) - 5),
        ";".join(f"{n}" for n in range(len(COMPLAINT) - 1)),
        ",".join(f"{n}" for n in range(len(COMPLAINT) + 1)),
        "2023-05-02,2023-05-03" + ",og så" * (len(COMPLAINT) - 3),
    ],
)
def test_note_with_many_commas_is_no_record(settings, deliver, account, note):
    deliver(*GOOD, {"Sagsnummer": "2023 - 00001", "Fritekst": f"Først\n{note}\nsidst"})
    extract(settings, SOURCE)
    assert account()["accepted", "record"] == 201


@pytest.mark.parametrize("is_quoted", [True, False])
@pytest.mark.parametrize(
    "broken",
    [
        {"Svarfrist": "2024-02-30"},
        {"Modtaget": "i går", "Klagetype": "ukendt"},
        {"Sagsnummer": "uden nummer"},
        {"Fritekst": "=1+1", "Lukket": "?"},
    ],
)
def test_invalid_record_in_text_is_refused(settings, inbox, deliver, broken, is_quoted):
    deliver(*GOOD)

    def change(lines: list[str]) -> None:
        hidden = (
            line_of(**{"Sagsnummer": "2024 - 00010"} | broken) if is_quoted else ",".join((COMPLAINT | broken).values())
        )
        lines[10] = line_of(Sagsnummer="2024 - 00009", Fritekst=f"Uden slut\n{hidden}\nog mere")

    rewrite(inbox, change)
    assert "klager_2025-01-02.csv: line 12 stands within a quoted text, and is a whole record" in refusal(settings)


def test_extra_empty_columns_set_record_aside(settings, inbox, deliver, rejects, account):
    """A comma without quotes has moved the values by one column, and the last value was empty."""
    deliver(*GOOD)

    def change(lines: list[str]) -> None:
        lines[5] = ",".join(
            (COMPLAINT | {"Sagsnummer": "2024 - 00004", "Tema": "svar, frist", "Fritekst": ""}).values()
        )
        lines[7] += ',""'

    rewrite(inbox, change)
    extract(settings, SOURCE)
    assert [(row[0], row[3]) for row in rejects()] == [(6, "row_structure"), (8, "row_structure")]
    assert (account()["scanned", "record"], account()["accepted", "record"]) == (200, 198)


def test_commas_alone_in_text_are_no_record(settings, deliver, account):
    deliver(*GOOD, {"Sagsnummer": "2023 - 00001", "Fritekst": "Først\n" + "," * (len(COMPLAINT) - 1) + "\nsidst"})
    extract(settings, SOURCE)
    assert account()["accepted", "record"] == 201


def test_prose_with_commas_is_no_record(settings, deliver, account):
    prose = "Først\n" + ", ".join(["og så"] * len(COMPLAINT)) + "\nsidst"
    deliver(*GOOD, {"Sagsnummer": "2023 - 00001", "Fritekst": prose})
    extract(settings, SOURCE)
    assert account()["accepted", "record"] == 201


def test_unquoted_carriage_return_is_refused(settings, inbox, deliver):
    deliver(*GOOD)
    rewrite(inbox, lambda lines: lines.__setitem__(4, lines[4].replace('"C01"', "C01\r")))
    assert "line 5 holds a carriage return outside quotes" in refusal(settings)


def test_quote_open_for_2_mb_is_refused(settings, inbox, deliver):
    deliver(*GOOD)
    rewrite(inbox, lambda lines: lines.__setitem__(4, lines[4].removesuffix('"') + "a" * 2_100_000))
    assert "the record that begins in line 5 has more than 2097152 bytes" in refusal(settings)


def test_duplicates_are_counted_alike(settings, deliver):
    """Two keys come in five rows, two of them equal. One more row breaks a rule. So six rows are set aside."""
    twice, thrice = {"Sagsnummer": "2023 - 00001"}, {"Sagsnummer": "2023 - 00002"}
    others = twice, twice, thrice, thrice | {"Tema": "svar"}, thrice, {"Sagsnummer": "2023 - 00003", "Lukket": "?"}
    deliver(*GOOD, *others, padding=200)
    counts = extract(settings, SOURCE).loads[0].tables["complaints"]
    open_rows = [row for row in read_rejects(settings, SOURCE) if row["table_name"] == "complaints"]
    (standing,) = read_status(settings, SOURCE)["sources"]
    points = len(read_rejects(settings, SOURCE)) - len(open_rows)
    assert (counts.rejected, len(open_rows), standing["set_aside"] - points) == (6, 6, 6)
    assert [row["row_number"] for row in open_rows] == [202, 203, 204, 205, 206, 207]


def test_fewer_duplicates_leave_fewer_rejects(settings, deliver):
    twice = {"Sagsnummer": "2023 - 00001"}
    deliver(*GOOD, twice, twice, twice)
    extract(settings, SOURCE)
    deliver(*GOOD, twice, twice, cutoff="2025-01-03")
    extract(settings, SOURCE)
    assert len([row for row in read_rejects(settings, SOURCE) if row["table_name"] == "complaints"]) == 2
    deliver(*GOOD, twice, cutoff="2025-01-04")
    extract(settings, SOURCE)
    assert read_rejects(settings, SOURCE) == []


def test_long_refusal_is_cut_and_counted():
    text = str(DeliveryRefused("Not agreed: " + ", ".join(f"column {n}" for n in range(900)) + ".", "Ask."))
    assert len(text) <= MOST_CHARACTERS
    assert text.endswith(" more. Ask.")
    shown, rest = text.count("column"), int(text.rsplit(" and ", 1)[1].split()[0])
    assert shown + rest == 900


def test_long_advice_leaves_room_for_message() -> None:
    told = KvalitetError("What happened, " * 300, "What to do, " * 300)
    assert len(str(told)) <= MOST_CHARACTERS
    assert told.what.startswith("What happened, What happened") and told.remedy.startswith("What to do, What to do")
