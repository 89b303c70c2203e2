"""What a cell shows is what is read. Otherwise its row is set aside by a rule that says why."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from workbooks import COLUMNS, EMPTY, MAIN, cell, contract, packed, parts, read, row, scan, text

from kvalitet.errors import DeliveryRefused
from kvalitet.intake.workbook.shown import UNREADABLE, Cell
from kvalitet.intake.workbook.shown import shown as shown_as

ID, TEXT, AMOUNT, DAY = range(4)
TIMESTAMP = replace(COLUMNS[DAY], logical_type="timestamp", format="yyyy-MM-dd'T'HH:mm")
BOOLEAN = replace(COLUMNS[TEXT], logical_type="boolean", true_values=("Ja",), false_values=("Nej",))


def shown(folder, column: int, stored: str, code: str = "General", agreed=COLUMNS, **book) -> str:
    """The text read for one number in one column, under a number format."""
    cells = [EMPTY] * 4
    cells[ID], cells[column] = text("a"), cell(stored, style=1)
    records, _ = read(folder, parts(row(*cells), formats=(code,), **book), contract(agreed))
    return records[0][column]


class TestNumbers:
    @pytest.mark.parametrize(
        ("stored", "code", "expected"),
        [
            ("0.30000000000000004", "General", "0,3"),  # Excel keeps 15 digits
            ("1234.5", '#,##0.00 "kr."', "1234,5"),
            ("0.126", "0.00", "0,126"),  # a format that shows fewer decimals leaves the value
            ("-5", "#,##0;[Red]#,##0", "-5"),
            ("-5", "0;(0)", "-5"),
            ("-5", "0;0", "shown_otherwise"),
            ("-12.5", "[<0]0.00;0.00", "shown_otherwise"),  # 12.50, since the section is for negative numbers only
            ("-12.5", "[<=-5]-0.00;0.00", "-12,5"),
            ("-12.5", "[<5]0.00;0.00", "-12,5"),
            ("0", '_-* #,##0_-;-* #,##0_-;_-* "-"??_-', "0"),
            ("0", "0;-0;", "shown_otherwise"),
            ("0", "#,###", "shown_otherwise"),
            ("7", ";;;", "shown_otherwise"),
            ("5", '0"000"', "shown_otherwise"),
            ("0.3", "0%", "shown_otherwise"),
            ("30", r"0\%", "shown_otherwise"),
            ("1234567", "#,##0,", "shown_otherwise"),
            ("0.5", "# ?/?", "0,5"),
            ("1.5E3", "0.00E+00", "1500"),
            ("45413", "dd-mm-yyyy", "2024-05-01"),  # breaks number_format
            ("45414", "d-mmm", "shown_otherwise"),
            ("1,5", "General", "formula_error"),  # Excel writes no such number
            ("INF", "General", "formula_error"),
        ],
    )
    def test_number_is_read_as_stored_or_set_aside(self, tmp_path, stored, code, expected):
        assert shown(tmp_path, AMOUNT, stored, code) == expected

    @pytest.mark.parametrize(
        ("stored", "code", "as_stored", "as_shown"),
        [
            ("0.3", "0%", "0,3", "30"),
            ("0.3", "General", "0,3", "0,3"),
            ("30", r"0\%", "30", "30"),
            ("1234567", "#,##0,", "1234567", "1234,567"),
            ("0", "0;-0;", "0", ""),
            ("-5", "0;0", "-5", "shown_otherwise"),
            ("45414", "d-mmm", "2024-05-02", "shown_otherwise"),
        ],
    )
    def test_contract_chooses_stored_or_shown(self, tmp_path, stored, code, as_stored, as_shown):
        for cell_value, expected in (("stored", as_stored), ("shown", as_shown)):
            agreed = (*COLUMNS[:AMOUNT], replace(COLUMNS[AMOUNT], cell_value=cell_value), COLUMNS[DAY])
            assert shown(tmp_path, AMOUNT, stored, code, agreed) == expected

    @pytest.mark.parametrize("form", ['<vertAlign val="superscript"/>', '<vertAlign val="subscript"/>', "<strike/>"])
    def test_raised_or_struck_part_is_set_aside(self, tmp_path, form):
        """12 with a raised 1 for a footnote is not 121. In a text the raised character is read as any other."""
        both = f'<c t="inlineStr"><is><r><t>12</t></r><r><rPr>{form}</rPr><t>1</t></r></is></c>'
        records, _ = read(tmp_path, parts(row(text("a"), both, both)))
        assert records == [["a", "121", "shown_otherwise", ""]]

    def test_hidden_zeros_are_set_aside(self, tmp_path):
        view = '<sheetViews><sheetView showZeros="0" workbookViewId="0"/></sheetViews>'
        assert shown(tmp_path, AMOUNT, "0", before=view) == "shown_otherwise"
        assert shown(tmp_path, AMOUNT, "10", before=view) == "10"


class TestTexts:
    @pytest.mark.parametrize(
        ("stored", "code", "expected"),
        [
            ("42", "0000", "0042"),
            ("101011234", "000000-0000", "010101-1234"),
            ("45413", "General", "45413"),
            ("1234", "#,##0", "1234"),  # the thousands separator depends on the reader's settings
            ("0.3", "0%", "30%"),
            ("2", "0.0", "2,0"),
            ("1", '"Ja";;"Nej"', "Ja"),
            ("12", '"S-"000', "S-012"),
            ("45413", "dd-mm-yyyy", "2024-05-01"),
            ("45413.5729166667", "dd-mm-yyyy hh:mm", "2024-05-01 13:45:00"),
            ("45413", "dd-mm-yyyy hh:mm:ss", "2024-05-01 00:00:00"),
            ("45413.99999996528", "dd-mm-yyyy hh:mm:ss", "2024-05-02 00:00:00"),  # it is shown to the second
            ("45413", "yyyy", "2024"),
            ("45414", "d-mmm", "shown_otherwise"),  # 2/5 was typed
            ("45414", "g/m/aaa", "shown_otherwise"),  # letters of another language
            ("0.5729166667", "hh:mm", "13:45"),
            ("1.5208333333", "[h]:mm", "36:30"),
            ("570000000000000123", "0", "shown_otherwise"),  # Excel keeps 15 digits
            ("200000", "0.00E+00", "shown_otherwise"),  # the code 2E5 was typed
            ("0.5", "# ?/?", "shown_otherwise"),  # 1/2 was typed
        ],
    )
    def test_number_in_text_column_is_as_shown(self, tmp_path, stored, code, expected):
        assert shown(tmp_path, TEXT, stored, code) == expected

    @pytest.mark.parametrize(
        ("xml", "expected"),
        [
            ('<c t="inlineStr"><is><r><t>Ho</t></r><r><rPr><b/></rPr><t>ved</t></r></is></c>', "Hoved"),
            ('<c t="inlineStr"><is><t>東京</t><rPh sb="0" eb="2"><t>トウキョウ</t></rPh></is></c>', "東京"),
            ('<c t="str"><f>B1</f><v>svar</v></c>', "svar"),
            ('<c t="str"><f>""</f><v></v></c>', ""),
            ('<c t="b"><v>1</v></c>', "TRUE"),
            ('<c t="inlineStr"><is><t>a_x0042_c_x005F_x0042_</t></is></c>', "aBc_x005F_x0042_"),
            ('<c t="inlineStr"><is><t>0042</t></is></c>', "0042"),
            ('<c t="d"><v>2024-05-01T00:00:00Z</v></c>', "2024-05-01"),
        ],
    )
    def test_kinds_of_cells(self, tmp_path, xml, expected):
        records, _ = read(tmp_path, parts(row(text("a"), xml)))
        assert records == [["a", expected, "", ""]]

    def test_text_hidden_by_format_is_set_aside(self, tmp_path):
        records, _ = read(tmp_path, parts(row(text("a"), cell("x", "str", 1)), formats=("0;0;0;",)))
        assert records[0][TEXT] == "shown_otherwise"

    def test_boolean_is_agreed_word(self, tmp_path):
        agreed = contract((COLUMNS[ID], BOOLEAN, *COLUMNS[AMOUNT:]))
        records, _ = read(tmp_path, parts(row(text("a"), cell("1", "b")) + row(text("b"), cell("0", "b"))), agreed)
        assert [record[TEXT] for record in records] == ["Ja", "Nej"]


class TestDates:
    @pytest.mark.parametrize(
        ("stored", "code", "expected"),
        [
            ("45413", "dd-mm-yyyy", "01-05-2024"),
            ("45413", r"[$-406]d\. mmmm yyyy;@", "01-05-2024"),
            ("45413", "[Red]yyyy/mm/dd", "01-05-2024"),
            ("45413.5729166667", "dd-mm-yyyy", "01-05-2024"),  # the time is not shown
            ("45413.5729166667", "dd-mm-yyyy hh:mm", "2024-05-01 13:45:00"),  # breaks date_format
            ("45413.99999996528", "dd-mm-yyyy", "01-05-2024"),  # 23:59:59.997, the end of a day in some databases
            ("45413.999999999", "dd-mm-yyyy", "02-05-2024"),  # nearer to midnight than a cell can show
            ("45413", "General", "45413"),
            ("45413", "d-mmm", "shown_otherwise"),
            ("0.5", "hh:mm", "12:00"),
            ("1", "dd-mm-yyyy", "01-01-1900"),
            ("59", "dd-mm-yyyy", "28-02-1900"),
            ("60", "dd-mm-yyyy", "29-02-1900"),  # Excel shows a day that does not exist
            ("61", "dd-mm-yyyy", "01-03-1900"),
            ("0", "dd-mm-yyyy", "00-01-1900"),
            ("-1", "dd-mm-yyyy", "formula_error"),  # ########
            ("2958465", "dd-mm-yyyy", "31-12-9999"),
            ("2958466", "dd-mm-yyyy", "formula_error"),
            ("3112991234", "dd-mm-yyyy", "formula_error"),
        ],
    )
    def test_date_is_as_shown(self, tmp_path, stored, code, expected):
        assert shown(tmp_path, DAY, stored, code) == expected

    @pytest.mark.parametrize(
        ("stored", "expected"), [("0", "01-01-1904"), ("43951", "01-05-2024"), ("60", "01-03-1904")]
    )
    def test_dates_of_1904_system(self, tmp_path, stored, expected):
        assert shown(tmp_path, DAY, stored, "dd-mm-yyyy", book='<workbookPr date1904="true"/>') == expected

    @pytest.mark.parametrize(
        ("stored", "code", "expected"),
        [
            ("45413.5729166667", "dd-mm-yyyy hh:mm", "2024-05-01T13:45"),
            ("45413.5729166667", "dd-mm-yyyy", "2024-05-01T13:45"),
            ("45413.57320601852", "dd-mm-yyyy hh:mm:ss", "2024-05-01 13:45:25"),  # seconds are not agreed
        ],
    )
    def test_moment_is_as_shown(self, tmp_path, stored, code, expected):
        assert shown(tmp_path, DAY, stored, code, (*COLUMNS[:DAY], TIMESTAMP)) == expected


class TestFormulas:
    @pytest.mark.parametrize(
        "xml",
        [
            "<c><f>TODAY()</f></c>",
            "<c><f>TODAY()</f><v/></c>",
            '<c><f t="shared" si="0"/></c>',
            '<c><f t="array" ref="C2">SUM(A1)</f></c>',
            '<c><f t="dataTable" ref="C2:C2" r1="A1"/></c>',
            '<c t="str"><f>A1</f></c>',
            '<c t="e"><v>#REF!</v></c>',
            '<c t="e"><f>1/0</f><v>#DIV/0!</v></c>',
        ],
    )
    def test_error_or_no_result_is_set_aside(self, tmp_path, xml):
        records, _ = read(tmp_path, parts(row(text("a"), EMPTY, xml)))
        assert records == [["a", "", "formula_error", ""]]
        assert scan(tmp_path).unresolved_formulas == int("<f" in xml and "#DIV" not in xml)

    def test_array_formula_cells_are_set_aside(self, tmp_path):
        first = row(text("a"), EMPTY, '<c r="C2"><f t="array" ref="C2:C3">X</f></c>')
        records, _ = read(tmp_path, parts(first + row(text("b")) + row(text("c"))))
        assert [record[AMOUNT] for record in records] == ["formula_error", "formula_error", ""]

    def test_outdated_results_are_set_aside(self, tmp_path):
        book = '<calcPr fullCalcOnLoad="1"/>'
        records, _ = read(tmp_path, parts(row(text("a"), EMPTY, "<c><f>1+1</f><v>0</v></c>"), book=book))
        assert records[0][AMOUNT] == "formula_error"
        assert scan(tmp_path).recalculates


WORDS = ["General", "[Red]", "[h]", "[>=1.5]", "E+00", "AM/PM"]
CODES = st.lists(st.sampled_from([*'0#?.,%@;/-_*\\"[]ymdhsegba+()$ <>=1', *WORDS]))
VALUES = st.one_of(st.decimals(-(10**20), 10**20).map(str), st.sampled_from(["1E400", "1e-300", "x", "", "-0", "60"]))


@given(code=CODES.map("".join), value=VALUES, kind=st.sampled_from(["n", "str", "b", "d", "e"]), is_1904=st.booleans())
def test_every_value_is_read_or_set_aside(code, value, kind, is_1904):
    for column in (*COLUMNS, TIMESTAMP, BOOLEAN):
        for cell_value in (None, "stored", "shown"):
            text = shown_as(Cell(kind, value, code), replace(column, cell_value=cell_value), is_1904, ",")
            assert kind != "e" or text == UNREADABLE


class TestStyles:
    def test_workbook_without_styles_is_read(self, tmp_path):
        content = parts(row(text("a"), EMPTY, cell("1", style=3)))
        del content["xl/styles.xml"]
        assert read(tmp_path, content)[0] == [["a", "", "1", ""]]

    def test_conditional_format_is_not_of_cells(self, tmp_path):
        content = parts(row(text("a"), EMPTY, cell("0.3", style=1)), formats=("0.00",))
        condition = '<dxfs><dxf><numFmt numFmtId="164" formatCode="0%"/></dxf></dxfs></styleSheet>'
        content["xl/styles.xml"] = content["xl/styles.xml"].replace("</styleSheet>", condition)
        assert read(tmp_path, content)[0][0][AMOUNT] == "0,3"

    def test_builtin_format_may_be_redefined(self, tmp_path):
        content = parts(row(text("a"), EMPTY, EMPTY, cell("45413", style=0)))
        content["xl/styles.xml"] = (
            f'<styleSheet xmlns="{MAIN}"><numFmts><numFmt numFmtId="1" formatCode="dd/mm/yyyy"/></numFmts>'
            '<cellXfs><xf numFmtId="1"/></cellXfs></styleSheet>'
        )
        assert read(tmp_path, packed(content))[0][0][DAY] == "01-05-2024"


X14 = "http://schemas.microsoft.com/office/spreadsheetml/2009/9/main"


def condition(areas: str = "C2:C9", rule: str = '<cfRule type="cellIs" dxfId="1" operator="greaterThan"/>') -> str:
    return f'<conditionalFormatting sqref="{areas}">{rule}</conditionalFormatting>'


def extended(inner: str, areas: str = "A9 C2:C9") -> str:
    """A condition as Excel writes it if older versions do not know its kind."""
    rule = f'<x:conditionalFormatting><x:cfRule type="expression">{inner}</x:cfRule><m:sqref>{areas}</m:sqref>'
    names = f'xmlns:x="{X14}" xmlns:m="http://schemas.microsoft.com/office/excel/2006/main"'
    rules = f"<x:conditionalFormattings>{rule}</x:conditionalFormatting></x:conditionalFormattings>"
    return f"<extLst><ext {names}>{rules}</ext></extLst>"


class TestConditions:
    """It is not known whether a condition holds, so whatever it may show counts as shown."""

    def amount(self, folder, after: str, code: str = "0%", cell_value=None, stored: str = "0.3") -> str:
        content = parts(row(text("a"), EMPTY, cell(stored, style=1)), formats=("0.00",), after=after)
        number = f'<numFmt numFmtId="170" formatCode="{code}"/>'
        dxfs = f"<dxfs><dxf><font/></dxf><dxf>{number}</dxf></dxfs></styleSheet>"
        content["xl/styles.xml"] = content["xl/styles.xml"].replace("</styleSheet>", dxfs)
        agreed = (*COLUMNS[:AMOUNT], replace(COLUMNS[AMOUNT], cell_value=cell_value), COLUMNS[DAY])
        return read(folder, content, contract(agreed))[0][0][AMOUNT]

    @pytest.mark.parametrize("code", ["0%", ";;;", "0,", "d-mmm"])
    def test_condition_changing_number_sets_aside(self, tmp_path, code):
        assert self.amount(tmp_path, condition(), code) == "shown_otherwise"

    @pytest.mark.parametrize("code", ["#,##0.0", "[Red]0.00", "General"])
    def test_condition_keeping_number_is_ignored(self, tmp_path, code):
        assert self.amount(tmp_path, condition(), code) == "0,3"

    def test_contract_chooses_stored_number(self, tmp_path):
        assert self.amount(tmp_path, condition(), cell_value="stored") == "0,3"
        assert self.amount(tmp_path, condition(), cell_value="shown") == "shown_otherwise"

    @pytest.mark.parametrize("areas", ["C3:C9", "A1:B9 D1:E9", "C1"])
    def test_condition_on_other_cells_is_ignored(self, tmp_path, areas):
        assert self.amount(tmp_path, condition(areas)) == "0,3"

    def test_condition_without_format_is_ignored(self, tmp_path):
        assert self.amount(tmp_path, condition(rule='<cfRule type="cellIs" dxfId="0"/>')) == "0,3"

    @pytest.mark.parametrize("kind", ["iconSet", "dataBar"])
    def test_icon_or_bar_for_number_is_set_aside(self, tmp_path, kind):
        rule = f'<cfRule type="{kind}"><{kind} showValue="{{}}"/></cfRule>'
        assert self.amount(tmp_path, condition(rule=rule.format(0))) == "shown_otherwise"
        assert self.amount(tmp_path, condition(rule=rule.format(1))) == "0,3"

    @pytest.mark.parametrize(
        ("inner", "expected"),
        [
            ('<x:dxf><numFmt numFmtId="170" formatCode="0%"/></x:dxf>', "shown_otherwise"),
            ("<x:dxf><font/></x:dxf>", "0,3"),
            ('<x:iconSet showValue="0"/>', "shown_otherwise"),
        ],
    )
    def test_condition_in_extension(self, tmp_path, inner, expected):
        assert self.amount(tmp_path, extended(inner)) == expected
        assert self.amount(tmp_path, extended(inner, "B1:B9")) == "0,3"

    def test_too_many_conditions_are_refused(self, tmp_path):
        with pytest.raises(DeliveryRefused, match="conditional number formats"):
            self.amount(tmp_path, condition("C2 " * 6000))
