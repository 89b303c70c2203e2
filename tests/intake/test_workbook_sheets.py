"""Rows, columns and sheets of a workbook. Each row is accounted for, and hidden content is not read unless agreed."""

import unicodedata
import zipfile
from contextlib import suppress
from dataclasses import replace

import pytest
from workbooks import COLUMNS, EMPTY, HEADER, LINKS, MAIN, cell, contract, links, packed, parts, read, row, text

from kvalitet.errors import DeliveryRefused
from kvalitet.intake.workbook import refusals

ID, TEXT, AMOUNT, DAY = range(4)
SHEET, BOOK, STYLES = "xl/worksheets/sheet1.xml", "xl/workbook.xml", "xl/styles.xml"


def refused(folder, content) -> str:
    with pytest.raises(DeliveryRefused) as refusal:
        read(folder, content)
    return str(refusal.value)


def changed(content: dict, part: str, old: str, new: str) -> dict:
    assert old in content[part]
    return content | {part: content[part].replace(old, new)}


def merged(*areas: str) -> str:
    return f"<mergeCells>{''.join(f'<mergeCell ref={area!r}/>' for area in areas)}</mergeCells>"


class TestRows:
    def test_stated_size_is_ignored(self, tmp_path):
        content = parts(row(text("a")) + row(text("b")), before='<dimension ref="A1:A1"/>')
        assert [record[ID] for record in read(tmp_path, content)[0]] == ["a", "b"]

    def test_rows_keep_excel_numbers(self, tmp_path):
        rows = row(text("a"), number=7) + row(EMPTY, number=8) + row(text(" \u00a0"), number=9) + row(text("b"))
        rows += row(EMPTY, EMPTY, EMPTY, EMPTY, EMPTY, text("ring"), number=30)
        rows += '<row r="1048576"><c s="0"/></row>'
        records, found = read(tmp_path, parts(rows))
        assert [record[ID] for record in records] == ["a", "b"]
        assert (found.header, list(found.records), list(found.notes)) == (1, [7, 10], [30])

    def test_rows_of_empty_formulas_are_empty(self, tmp_path):
        blank = '<c t="str"><f>IF(A1="","",A1)</f><v></v></c>'
        records, found = read(tmp_path, parts(row(text("a")) + row(blank, blank, blank) * 50))
        assert (len(records), list(found.notes)) == (1, [])

    def test_cell_with_empty_kind_is_number(self, tmp_path):
        records, _ = read(tmp_path, parts(row(text("a"), EMPTY, '<c t=""><v>7</v></c>')))
        assert records[0][AMOUNT] == "7"

    @pytest.mark.parametrize("rows", [row(number=5) + row(number=4), row(number=5) * 2])
    def test_rows_out_of_order_are_refused(self, tmp_path, rows):
        assert "row 5" in refused(tmp_path, parts(rows))

    def test_duplicate_cell_is_refused(self, tmp_path):
        assert "row 2" in refused(tmp_path, parts('<row r="2"><c r="A2"><v>1</v></c><c r="A2"><v>2</v></c></row>'))

    @pytest.mark.parametrize("more", [' hidden="1"', ' ht="0" customHeight="1"'])
    def test_hidden_row_is_refused_unless_agreed(self, tmp_path, more):
        content = parts(row(text("a")) + row(text("b"), more=more) + row(text("c")))
        assert "rows hidden or filtered out: 3:" in refused(tmp_path, content)
        records, _ = read(tmp_path, content, contract(reads_hidden=True))
        assert [record[ID] for record in records] == ["a", "b", "c"]

    def test_default_hides_only_unnamed_rows(self, tmp_path):
        """ECMA-376, 18.3.1.81 (zeroHeight). LibreOffice shows the rows that the file names (see the writers)."""
        default = '<sheetFormatPr defaultRowHeight="15" zeroHeight="1"/>'
        rows = row(text("a")) + row(text("b"), more=' ht="15"') + row(text("c"), number=9)
        assert [record[ID] for record in read(tmp_path, parts(rows, before=default))[0]] == ["a", "b", "c"]
        hidden = parts(rows + row(text("d"), more=' hidden="1"'), before=default)
        assert "rows hidden or filtered out: 10:" in refused(tmp_path, hidden)

    def test_hidden_empty_row_is_ignored(self, tmp_path):
        assert len(read(tmp_path, parts(row(text("a")) + row(EMPTY, more=' hidden="true"')))[0]) == 1


class TestColumns:
    @pytest.mark.parametrize("how", ['hidden="1"', 'width="0"'])
    def test_hidden_column_is_refused_by_name(self, tmp_path, how):
        content = parts(row(text("a")), before=f'<cols><col min="3" max="3" {how}/></cols>')
        assert "columns are hidden (Beløb)" in refused(tmp_path, content)
        assert len(read(tmp_path, content, contract(reads_hidden=True))[0]) == 1

    def test_hidden_column_not_agreed_is_ignored(self, tmp_path):
        content = parts(row(text("a")), before='<cols><col min="5" max="16384" hidden="1"/></cols>')
        assert len(read(tmp_path, content)[0]) == 1


class TestHeader:
    def test_header_below_titles_and_groups(self, tmp_path):
        content = parts(f'<row r="2"/><row r="4">{HEADER}</row>' + row(text("a")))
        title = row(text("Titel"), EMPTY, text("Gruppe"), number=1)
        content = changed(content, SHEET, f'<row r="1">{HEADER}</row>', title)
        records, found = read(tmp_path, content)
        assert (list(found.above), found.header, list(found.records), len(records)) == ([1], 4, [5], 1)

    def test_header_merged_over_two_rows(self, tmp_path):
        """`Nr.` is merged over both rows of the header. The other names are in the second row, below their group."""
        head = row(text("Nr."), text("Gruppe"), number=1) + row(EMPTY, text("Tekst"), text("Beløb"), text("Dag"))
        content = parts(row(text("a"), text("b"), number=3), after=merged("A1:A2", "B1:D1"))
        records, found = read(tmp_path, changed(content, SHEET, f'<row r="1">{HEADER}</row>', head))
        assert (records, found.header) == ([["a", "b", "", ""]], 2)

    def test_two_values_per_header_are_set_aside(self, tmp_path):
        agreed = contract(COLUMNS[:TEXT])
        content = parts(row(text("a")) + row(text("b"), text("x")), after=merged("A1:B1"))
        content = changed(content, SHEET, HEADER, text("Nr."))
        assert [record[0] for record in read(tmp_path, content, agreed)[0]] == ["a", "merged_cells"]

    @pytest.mark.parametrize("written", [unicodedata.normalize("NFD", "Beløb å"), "Beløb\n å", "Beløb_x000D_ å "])
    def test_header_is_compared_as_text(self, tmp_path, written):
        agreed = contract((*COLUMNS[:AMOUNT], replace(COLUMNS[AMOUNT], header="Beløb å"), COLUMNS[DAY]))
        content = changed(parts(row(text("a"))), SHEET, "Beløb", written)
        assert len(read(tmp_path, content, agreed)[0]) == 1

    def test_duplicate_header_is_refused(self, tmp_path):
        content = changed(parts(row(text("a"))), SHEET, HEADER, HEADER + text("Dag"))
        assert "Dag is there twice in row 1" in refused(tmp_path, content)


class TestMergedCells:
    def test_key_and_text_hold_for_every_row(self, tmp_path):
        agreed = contract((COLUMNS[ID], replace(COLUMNS[TEXT], key_position=2), *COLUMNS[AMOUNT:]))
        rows = row(text("a"), text("x"), cell("1")) + row(EMPTY, text("y"), cell("2")) + row(text("b"), text("z"))
        records, _ = read(tmp_path, parts(rows, after=merged("A2:A3")), agreed)
        assert [record[:3] for record in records] == [["a", "x", "1"], ["a", "y", "2"], ["b", "z", ""]]

    def test_merged_number_is_set_aside(self, tmp_path):
        rows = row(text("a"), EMPTY, cell("300")) + row(text("b")) + row(text("c"), EMPTY, cell("5"))
        records, _ = read(tmp_path, parts(rows, after=merged("C2:C3")))
        assert [record[AMOUNT] for record in records] == ["merged_cells", "merged_cells", "5"]

    def test_rows_of_double_height_are_rows(self, tmp_path):
        rows = row(text("a"), text("x"), cell("1")) + row() + row(text("b"), text("y"), cell("2")) + row()
        areas = [f"{column}{top}:{column}{top + 1}" for column in "ABCD" for top in (2, 4)]
        records, found = read(tmp_path, parts(rows, after=merged(*areas)))
        assert [record[:3] for record in records] == [["a", "x", "1"], ["b", "y", "2"]]
        assert list(found.records) == [2, 4]

    def test_value_across_columns_is_set_aside(self, tmp_path):
        records, _ = read(tmp_path, parts(row(text("a"), text("x")), after=merged("B2:C2")))
        assert records == [["a", "x", "merged_cells", ""]]

    def test_covered_values_are_not_read(self, tmp_path):
        rows = row(text("a"), text("x")) + row(text("b"), text("covered"))
        records, _ = read(tmp_path, parts(rows, after=merged("B2:B3")))
        assert [record[TEXT] for record in records] == ["x", "x"]


class TestSheets:
    @pytest.mark.parametrize("name", ["ARK1", " Ark1 ", "Ark1\u00a0"])
    def test_name_is_compared_as_read(self, tmp_path, name):
        assert len(read(tmp_path, changed(parts(row(text("a"))), BOOK, 'name="Ark1"', f'name="{name}"'))[0]) == 1

    def test_two_sheets_of_same_name_are_refused(self, tmp_path):
        second = '<sheet name="Ark1 " sheetId="2" r:id="worksheet"/></sheets>'
        content = changed(parts(row(text("a"))), BOOK, "</sheets>", second)
        assert "2 sheets whose names read as Ark1" in refused(tmp_path, content)

    @pytest.mark.parametrize("state", ["hidden", "veryHidden"])
    def test_hidden_sheet_is_refused(self, tmp_path, state):
        content = changed(parts(row(text("a"))), BOOK, "<sheet ", f'<sheet state="{state}" ')
        assert "sheet Ark1 is hidden" in refused(tmp_path, content)
        assert len(read(tmp_path, content, contract(reads_hidden=True))[0]) == 1

    def test_chart_with_agreed_name_is_refused(self, tmp_path):
        content = changed(parts(""), "xl/_rels/workbook.xml.rels", f"{LINKS}/worksheet", f"{LINKS}/chartsheet")
        assert "is a chart" in refused(tmp_path, content)


class TestPackage:
    def test_strict_open_xml_is_read(self, tmp_path):
        strict = {
            MAIN: "http://purl.oclc.org/ooxml/spreadsheetml/main",
            LINKS: "http://purl.oclc.org/ooxml/officeDocument/relationships",
        }
        content = parts(row(text("a"), EMPTY, cell("0.5", style=1)), formats=("0.0",))
        for old, new in strict.items():
            content = {name: part.replace(old, new) for name, part in content.items()}
        assert read(tmp_path, content)[0] == [["a", "", "0,5", ""]]

    def test_unusual_prefixes_and_paths_are_read(self, tmp_path):
        content = parts(row(text("a")))
        sheet = content.pop(SHEET).replace("<", "<x:").replace("<x:/", "</x:").replace("xmlns=", "xmlns:x=")
        assert read(tmp_path, content | {"xl\\Worksheets\\Sheet1.xml": sheet})[0] == [["a", "", "", ""]]

    def test_shared_texts_are_read(self, tmp_path):
        spoken = '<rPh sb="0" eb="1"><t>ビー</t></rPh><phoneticPr fontId="1"/>'
        runs = f"<r><t>b</t></r><r><t>c</t></r>{spoken}"
        strings = f'<sst xmlns="{MAIN}"><si><t>a</t></si><si><t/></si><si>{runs}</si></sst>'
        content = parts(row(cell("0", "s"), cell("2", "s"), cell("1", "s"))) | {"xl/sharedStrings.xml": strings}
        assert read(tmp_path, content)[0] == [["a", "bc", "", ""]]

    @pytest.mark.parametrize("number", ["0", "-1", "99"])
    def test_missing_shared_text_is_refused(self, tmp_path, number):
        assert "a text that is not in it" in refused(tmp_path, parts(row(cell(number, "s"))))

    @pytest.mark.parametrize(
        ("content", "said"),
        [
            (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"), "by a password"),
            (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "Workbook".encode("utf-16-le"), "old kind (.xls)"),
            (b"\x09\x08\x10\x00\x00\x06", "old kind (.xls)"),
            (b"\r\n<html><table>", "a web page or an XML file"),
            (b'<?xml version="1.0"?><Workbook/>', "a web page or an XML file"),
            (b"%PDF-1.7", "a PDF file"),
            (b"Nr.;Tekst\r\n1;a\r\n", "of another kind"),
            (b"PK\x03\x04 breaks off", "damaged or breaks off"),
            (packed({"mimetype": "application/vnd.oasis.opendocument.spreadsheet"}), "OpenDocument"),
            (packed({"xl/workbook.bin": "", "_rels/.rels": parts("")["_rels/.rels"].replace(".xml", ".bin")}), ".xlsb"),
            (packed({"word/document.xml": "<document/>"}), "holds no workbook"),
        ],
    )
    def test_other_file_kinds_are_named(self, tmp_path, content, said):
        message = refused(tmp_path, content)
        assert "book.xlsx" in message and said in message and "Excel Workbook (.xlsx)" in message

    @pytest.mark.parametrize("part", [SHEET, BOOK, "xl/_rels/workbook.xml.rels"])
    def test_missing_part_is_refused(self, tmp_path, part):
        content = parts(row(text("a")))
        del content[part]
        assert "not a readable workbook" in refused(tmp_path, content)

    @pytest.mark.parametrize("part", [SHEET, BOOK, STYLES])
    @pytest.mark.parametrize(
        "damage", ["", "<worksheet", "<a><b></a>", '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', "\0"]
    )
    def test_damaged_part_is_refused(self, tmp_path, part, damage):
        assert "not a readable workbook" in refused(tmp_path, parts(row(text("a"))) | {part: damage})

    def test_damaged_bytes_are_read_or_refused(self, tmp_path):
        whole = packed(parts(row(text("a"), text("b"), cell("1"))))
        for place in range(0, len(whole), 41):
            for damaged in (whole[:place], whole[:place] + bytes([whole[place] ^ 0xFF]) + whole[place + 1 :]):
                with suppress(DeliveryRefused):
                    assert read(tmp_path, damaged)[0] == [["a", "b", "1", ""]]

    def test_duplicate_part_is_refused(self, tmp_path):
        file = tmp_path / "twice.xlsx"
        file.write_bytes(packed(parts(row(text("a")))))
        with zipfile.ZipFile(file, "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
            archive.writestr(SHEET, parts(row(text("b")))[SHEET])
        assert "there twice" in refused(tmp_path, file.read_bytes())

    def test_zip_with_password_is_refused(self, tmp_path):
        content = bytearray(packed(parts("")))
        place = content.index(b"PK\x01\x02")
        content[place + 8] |= 1
        assert "password" in refused(tmp_path, bytes(content))

    def test_too_large_unpacked_size_is_refused(self, tmp_path, monkeypatch):
        monkeypatch.setattr(refusals, "MAX_UNPACKED_BYTES", 1000)
        assert "unpacks to" in refused(tmp_path, parts(row(text("a"))))

    def test_too_many_merged_cells_are_refused(self, tmp_path):
        areas = [f"A{number}:XFD{number}" for number in range(2, 80)]
        assert "merged cells" in refused(tmp_path, parts(row(text("a")), after=merged(*areas)))


def with_table(content: dict, ref: str, totals: str = ' totalsRowCount="1"') -> dict:
    """The workbook with an Excel table (Insert, Table) over some cells of its sheet."""
    return content | {
        "xl/worksheets/_rels/sheet1.xml.rels": links(table="../tables/table1.xml"),
        "xl/tables/table1.xml": f'<table xmlns="{MAIN}" id="1" ref="{ref}"{totals}/>',
    }


class TestTotalsRow:
    ROWS = row(text("a"), EMPTY, cell("1")) + row(text("b"), EMPTY, cell("2"))
    TOTAL = row(text("I alt"), EMPTY, "<c><f>SUBTOTAL(109,C2:C3)</f><v>3</v></c>")

    def test_totals_row_is_skipped_and_counted(self, tmp_path):
        records, found = read(tmp_path, with_table(parts(self.ROWS + self.TOTAL + row(text("c"))), "A1:D4"))
        assert [record[ID] for record in records] == ["a", "b", "c"]
        assert list(found.totals) == [4]

    def test_table_with_several_totals_rows(self, tmp_path):
        content = with_table(parts(self.ROWS + self.TOTAL * 2), "A1:D5", ' totalsRowCount="2"')
        assert list(read(tmp_path, content)[1].totals) == [4, 5]

    @pytest.mark.parametrize("totals", ["", ' totalsRowCount="0"', ' totalsRowShown="1"', ' totalsRowShown="0"'])
    def test_last_row_without_totals_is_record(self, tmp_path, totals):
        records, found = read(tmp_path, with_table(parts(self.ROWS), "A1:D3", totals))
        assert ([record[ID] for record in records], list(found.totals)) == (["a", "b"], [])

    def test_totals_of_other_table_are_ignored(self, tmp_path):
        beside = row(text("c"), EMPTY, EMPTY, EMPTY, EMPTY, cell("7"))
        records, found = read(tmp_path, with_table(parts(self.ROWS + beside), "F1:G4"))
        assert ([record[ID] for record in records], list(found.totals)) == (["a", "b", "c"], [])

    @pytest.mark.parametrize("formula", ["SUBTOTAL(9,C2:C3)", " subtotal (9,C2:C3)", "AGGREGATE(9,5,C2:C3)"])
    def test_subtotals_are_skipped_and_counted(self, tmp_path, formula):
        total = row(text("a Total"), EMPTY, f"<c><f>{formula}</f><v>3</v></c>")
        records, found = read(tmp_path, parts(self.ROWS + total + row(text("c"))))
        assert ([record[ID] for record in records], list(found.totals)) == (["a", "b", "c"], [4])

    @pytest.mark.parametrize("formula", ["1+SUBTOTAL(9,C2:C3)", "SUM(C2:C3)", "SUBTOTALS(1)", "X" * 500])
    def test_row_with_other_formula_is_record(self, tmp_path, formula):
        added = row(text("c"), EMPTY, f"<c><f>{formula}</f><v>3</v></c>")
        records, found = read(tmp_path, parts(self.ROWS + added))
        assert ([record[ID] for record in records], list(found.totals)) == (["a", "b", "c"], [])

    def test_ambiguous_totals_row_is_refused(self, tmp_path):
        message = refused(tmp_path, with_table(parts(self.ROWS + self.TOTAL), "C1:D4"))
        assert "row 4 is the totals row of a table" in message and "I alt" not in message

    def test_hidden_totals_row_is_skipped(self, tmp_path):
        total = self.TOTAL.replace("<row>", '<row hidden="1">')
        assert list(read(tmp_path, with_table(parts(self.ROWS + total), "A1:D4"))[1].totals) == [4]

    def test_table_with_missing_part_is_refused(self, tmp_path):
        content = with_table(parts(self.ROWS), "A1:D4")
        del content["xl/tables/table1.xml"]
        assert "a part of it is missing" in refused(tmp_path, content)

    def test_filtered_rows_are_refused_by_number(self, tmp_path):
        content = parts(self.ROWS + row(text("c"), more=' hidden="1"'), after='<autoFilter ref="A1:D4"/>')
        assert "rows hidden or filtered out: 4:" in refused(tmp_path, content)
