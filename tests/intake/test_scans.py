"""The scans count the records of a file in any dialect, and agree with readers that share no code with them."""

import csv
import io
import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kvalitet.errors import DeliveryRefused
from kvalitet.intake import line_ends
from kvalitet.intake.account import csv_scan, json_scan
from kvalitet.intake.account.csv_scan import CsvScan, scan_csv
from kvalitet.intake.account.json_scan import scan_json

TEXTS = st.sampled_from(["x", "1", "", "æ", 'q"r', "a,b", "l1\nl2", "l1\r\nl2", "  ", '"', "a]", "[", "\\", '{"', None])
TABLES = st.lists(st.lists(TEXTS, min_size=3, max_size=3), max_size=20)
#: The chunks are so small that they end anywhere. A file of a few hundred bytes then has many.
CHUNKS = st.sampled_from([16, 61, 1 << 22])
ONE_FOLDER = settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def is_blank(row: list[str | None]) -> bool:
    return not any((text or "").strip(' \t\r\n,"') for text in row)


def scanned(folder: Path, text: str, columns: int = 3) -> CsvScan:
    file = folder / "t.csv"
    file.write_bytes(text.encode())
    return scan_csv(file, "t.csv", ",", '"', columns, folder / "places")


@ONE_FOLDER
@given(
    rows=TABLES,
    quoting=st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL]),
    end=st.sampled_from(["\n", "\r\n"]),
    chunk=CHUNKS,
)
def test_scan_finds_records_and_their_lines(tmp_path, monkeypatch, rows, quoting, end, chunk):
    monkeypatch.setattr(csv_scan, "CHUNK_BYTES", chunk)
    out = io.StringIO()
    writer = csv.writer(out, quoting=quoting, lineterminator=end)
    writer.writerow("abc")
    lines = []
    for row in rows:
        lines.append(out.getvalue().count("\n") + 1)
        writer.writerow(row)
    found = scanned(tmp_path, out.getvalue())
    blank = sum(map(is_blank, rows))
    assert (found.records, found.blank, found.empty, found.loose_quotes) == (len(rows) - blank, blank, 0, 0)
    assert found.places["line"].tolist() == lines


@ONE_FOLDER
@given(
    rows=TABLES,
    stray=st.sampled_from(["", 'x"\n', '"x"y\r\n', "x\r\r\n"]),
    ends=st.lists(st.sampled_from(["\n", "\r\n", "\r\r\n"]), min_size=1, max_size=3),
    chunk=CHUNKS,
)
def test_records_get_one_line_end_and_texts_keep_theirs(tmp_path, monkeypatch, rows, stray, ends, chunk):
    monkeypatch.setattr(line_ends, "CHUNK_BYTES", chunk)
    texts, wanted = ["a,b,c\n", stray], ["a,b,c", stray.rstrip("\r\n")] if stray else ["a,b,c"]
    for number, row in enumerate(rows):
        out = io.StringIO()
        csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="").writerow(row)
        texts.append(out.getvalue() + ends[number % len(ends)])
        wanted.append(out.getvalue())
    file = tmp_path / "t.csv"
    file.write_bytes("".join(texts).encode())
    unified, _ = line_ends.unify(file, ",", '"', tmp_path / "unified.csv")
    got = unified.read_bytes().decode()
    assert got in [end.join([*wanted, ""]) for end in ("\n", "\r\n")]


@ONE_FOLDER
@given(rows=TABLES, indent=st.sampled_from([None, 1]), is_listed=st.booleans(), escapes=st.booleans(), chunk=CHUNKS)
def test_only_rows_of_data_are_counted(tmp_path, monkeypatch, rows, indent, is_listed, escapes, chunk):
    monkeypatch.setattr(json_scan, "CHUNK_BYTES", chunk)
    answer = {"Notes": [["x"]], "Variables": [{"Label": "a", "Data": [[1]]}], "Data": rows, "Z": {"Data": [[1]]}}
    file = tmp_path / "t.json"
    file.write_text(json.dumps([answer] if is_listed else answer, indent=indent, ensure_ascii=escapes))
    found = scan_json(file, "t.json")
    blank = sum(map(is_blank, rows))
    assert (found.records, found.blank) == (len(rows) - blank, blank)


@pytest.mark.parametrize(
    ("text", "finding"),
    [
        ('[{"Data": [["1"]]}, {"Data": [["2"]]}]', "it holds 2 answers, one is agreed"),
        ('{"Data": [["1"]]}{"Data": [["2"]]}', "it holds 2 answers, one is agreed"),
        ('{"Data": [["1"]]} and more', "something follows its end"),
        ('[{"Data": [["1"]]}', "it breaks off"),
        ("[]", "it is not JSON of that form"),
    ],
)
def test_other_than_one_answer_is_refused(tmp_path, text, finding):
    file = tmp_path / "t.json"
    file.write_text(text)
    with pytest.raises(DeliveryRefused, match=finding):
        scan_json(file, "t.json")


@pytest.mark.parametrize(
    ("text", "records", "loose", "torn"),
    [
        ('a,b,c\n1,5" pipe,x\n2,y,z\n', 2, 1, 0),  # a character like any other
        ('a,b,c\n1, "x\ny" ,z\n', 1, 0, 0),  # spaces beside a quoted field
        ('a,b,c\n1,"x"y,z\n2,y,z\n', 2, 1, 1),  # the quoted text ends in the middle of its field
        ('"a","b","c"\n"1","x","y\n"2","x","y"\n"3","x","y"\n', 2, 2, 1),  # an open quote takes in the next line
        ('a,b,c\n1,"x,y\n2,y,z\n', 1, 1, 1),  # and here the rest of the file
    ],
)
def test_misplaced_quotes_are_counted(tmp_path, text, records, loose, torn):
    found = scanned(tmp_path, text)
    assert (found.records, found.loose_quotes, len(found.torn)) == (records, loose, torn)


@pytest.mark.parametrize("more", [",", ",,,", ',""', ',"",', ',"",""', ",\r"])
@pytest.mark.parametrize("record", ["1,y,z", '"1","y","z"', '1,"a,b",z', "1,y,"])
def test_extra_empty_columns_tear_record(tmp_path, record, more):
    """A reader drops such empty columns. But a delimiter in an unquoted text may have moved the other values."""
    found = scanned(tmp_path, f"a,b,c\n{record}{more}\n{record}\n,,,,,\n")
    assert (found.records, found.blank, found.torn.tolist()) == (2, 1, [6])


def test_line_with_all_columns_is_lookalike(tmp_path):
    text = 'a,b,c\n1,x,"open\n2,y,z\n3,y,pipe 5"\n4,"ja, nej\nog så, vi",z\n'
    found = scanned(tmp_path, text)
    assert [(line.line, line.values) for line in found.lookalikes] == [(3, ("2", "y", "z")), (4, ("3", "y", "pipe 5"))]


@pytest.mark.parametrize(
    ("line", "is_one"),
    [
        ("2,y,z,æ", True),
        ("2,y,z,æ,ø,å", True),
        ("2,y,z", False),
        ("2,y,z,æ,ø,å,1", False),
        ("først, så, og, til sidst", False),  # prose has a blank behind its commas
        ("2,,,", False),
    ],
)
def test_near_line_is_lookalike_unless_prose(tmp_path, line, is_one):
    found = scanned(tmp_path, f'a,b,c,d,e\n1,x,x,"open\n{line}\nend",x\n', 5)
    assert len(found.lookalikes) == is_one


def test_few_columns_need_all_for_lookalike(tmp_path):
    assert scanned(tmp_path, 'a,b,c,d\n1,x,x,"open\n2,y,z\nend"\n', 4).lookalikes == []


def test_line_in_open_quote_is_lookalike(tmp_path):
    found = scanned(tmp_path, '"a","b","c"\n"1","x","y\n"2","x","y"\n"3","x","y"\n')
    assert [(line.line, line.values) for line in found.lookalikes] == [(3, ("2", "x", "y"))]


def test_doubled_quotes_line_is_lookalike(tmp_path):
    text = 'a,b,c\n1,x,"open\n""2"",""y"",""z, and """"z""""""\nend"\n'
    found = scanned(tmp_path, text)
    assert [(line.line, line.values) for line in found.lookalikes] == [(3, ("2", "y", 'z, and "z"'))]


@pytest.mark.parametrize("line", [",,", " , , ", '"","",""', '"",,'])
def test_line_of_blanks_is_no_lookalike(tmp_path, line):
    doubled = line.replace('"', '""')
    assert scanned(tmp_path, f'a,b,c\n1,x,"open\n{doubled}\nend"\n').lookalikes == []


class TestOneColumn:
    """A blank line, an empty quoted value and quoted blanks are all empty. A table has no row without any value."""

    @ONE_FOLDER
    @given(rows=st.lists(TEXTS, max_size=20), quoting=st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL]), chunk=CHUNKS)
    def test_only_filled_records_are_counted(self, tmp_path, monkeypatch, rows, quoting, chunk):
        monkeypatch.setattr(csv_scan, "CHUNK_BYTES", chunk)
        out = io.StringIO()
        csv.writer(out, quoting=quoting, lineterminator="\n").writerows([text] for text in ["a", *rows])
        found = scanned(tmp_path, out.getvalue(), 1)
        blank = sum(is_blank([text]) for text in rows)
        assert (found.records, found.blank + found.empty) == (len(rows) - blank, blank)

    def test_blank_and_quoted_empty_lines_differ(self, tmp_path):
        found = scanned(tmp_path, 'a\n1\n\n""\n" "\n2\n', 1)
        assert (found.records, found.blank, found.empty) == (2, 2, 1)
        assert found.places["line"].tolist() == [2, 3, 4, 5, 6]

    def test_only_inner_line_is_lookalike(self, tmp_path):
        found = scanned(tmp_path, 'a\n"1\n2\n3"\n4\n', 1)
        assert [(line.line, line.values) for line in found.lookalikes] == [(3, ("2",))]


@pytest.mark.parametrize("record", ['"key\nmore",b,c', '1,"text\nand, more",c', '1,"text\n,\n"",b"",c\n,",c'])
@pytest.mark.parametrize("more", [0, 2])
def test_end_of_text_is_no_lookalike(tmp_path, record, more):
    header, record = "a,b,c" + ",d" * more, record + ",x" * more
    assert scanned(tmp_path, f"{header}\n{record}\n", 3 + more).lookalikes == []


def test_twice_encoded_lines_are_counted(tmp_path):
    twice = "sagsbehandlingsfejl på Ø".encode().decode("windows-1252")
    assert scanned(tmp_path, f"a,b,c\n1,{twice},{twice}\n2,på Ø,Ã\n3,é,{twice}\n").twice_encoded == 2


class TestLineThatOpens:
    """A quote may make one record of two. The first line then has all columns, the later ones within the text."""

    def test_joined_records_are_found(self, tmp_path):
        found = scanned(tmp_path, 'a,b,c,d\n1,x,2,3\n2,"16 inch,4,5\n3,y 12",6,7\n', 4)
        assert [(line.line, line.values, line.opens) for line in found.openings] == [(3, ("2", "16 inch", "4", "5"), 1)]

    @pytest.mark.parametrize(
        "record",
        [
            '1,2,3,"text\nof lines"',  # the last column, as notes are
            '1,2,3,"text, with commas\nof lines"',
            '1,"text\nof lines",2,3',
            '1,"a, b\nof lines",2,3',  # two columns too few in its first line
            '1,"text of a line, and of 4, and 5",2,3',
        ],
    )
    def test_text_of_several_lines_is_none(self, tmp_path, record):
        assert scanned(tmp_path, f"a,b,c,d\n{record}\n", 4).openings == []

    @pytest.mark.parametrize("chunk", [16, 61])
    def test_each_line_is_looked_at_once(self, tmp_path, monkeypatch, chunk):
        monkeypatch.setattr(csv_scan, "CHUNK_BYTES", chunk)
        joined = '2,"16 inch,4,5\n3,y 12",6,7\n'
        found = scanned(tmp_path, "a,b,c,d\n" + 5 * joined, 4)
        assert [line.line for line in found.openings] == [2, 4, 6, 8, 10]
