"""Identity numbers in every spelling and context: Python and DuckDB find the same numbers, and find them all."""

import unicodedata
from collections.abc import Iterator
from datetime import date

import duckdb
import pytest
from hypothesis import HealthCheck, example, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from kvalitet.persons.number import Number
from kvalitet.spelling import macros
from kvalitet.spelling.identity import holds_number, mask, numbers, person
from kvalitet.spelling.signs import BLANKS, DASHES, DOTS, INVISIBLE, LOW_LINES, SLASHES, ZEROS
from kvalitet.spelling.text import tidy

pytestmark = pytest.mark.slow

FEW = examples(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])

dates = st.dates(date(1900, 1, 1), date(2057, 12, 31))
serials = st.integers(0, 9999).map("{:04}".format)
replaced = st.sampled_from([0, 60])


KINDS = (
    "plain", "joined", "parts", "pairs", "year first", "lines", "markup", "invisible", "script", "amount", "wrapped",
    "short day", "grouped", "spaced", "marked",
)  # fmt: skip
SHORT_DATES = ("{d}/{m}-", "{d}.{m}.", "{d}-{m}-", "{d}/{m}/", "{d}. {name} ", "{d} {name} ", "{d}. {m}. ")
MONTHS = (
    "januar", "feb.", "Marts", "april", "maj", "juni", "juli", "AUGUST", "sept.", "oktober", "november", "dec",
)  # fmt: skip
#: Combining lines under, over and through a character, and a ring around it.
MARKS = ("\u0332", "\u0333", "\u0305", "\u0336", "\u0338", "\u20dd", "\u1ab6", "\ufe2d")
#: A dash or a blank as it is written in web pages, addresses, mails, JSON and workbooks.
MARKED = (
    "&#8209;", "&ndash;", "&#x2011;", "&nbsp;-&nbsp;", "&shy;", "%2D", "%20", "%C2%A0", "%E2%80%93", "%20-%20", "=2D",
    "=E2=80=91", "\\u2011", "\\u00a0", "\\n", "<br>", "-<br/>", "_x001E_", "_x000D_\n",
    "\\-", "\\_", "\\endash ", "\\'96", "{-}", "{--}", "$-$", "<b>", "-<b>", "</td><td>", "</p>\n<p class='x'>",
    "ÔÇô", "ÔÇæ", "ΓÇô",
)  # fmt: skip


@st.composite
def spelled(draw: st.DrawFn) -> tuple[str, str]:
    """(ten digits, a spelling of them), as people, Word and Excel write them."""
    born, serial, added = draw(dates), draw(serials), draw(replaced)
    day, month, year = f"{born.day + added:02}", f"{born.month:02}", f"{born.year:04}"
    digits = day + month + year[2:] + serial
    kind = draw(st.sampled_from(KINDS))
    stated = draw(st.sampled_from([year, year[2:]]))
    if kind == "plain":
        return digits, digits
    if kind == "joined":
        blank = draw(st.sampled_from(["", " ", "  ", *BLANKS]))
        dash = draw(
            st.sampled_from(
                [
                    "-",
                    *DASHES,
                    *DOTS,
                    ".",
                    "_",
                    *LOW_LINES,
                    "--",
                    "-\n",
                    "–\r\n",
                    "?",
                    "â€“",
                    "(",
                    "[",
                    ";",
                    "|",
                    "#",
                    "=",
                    ">",
                    "'",
                    "^",
                    ") (",
                ]
            )
        )
        gap = draw(st.sampled_from([f"{blank}{dash}{blank}", blank or " ", "\t"]))
        return digits, f"{day}{month}{stated}{gap}{serial}"
    if kind == "parts":
        sign = draw(st.sampled_from([".", "-", "/", " ", "_", "–", *SLASHES]))
        return digits, sign.join([day, month, stated]) + draw(st.sampled_from(["-", "–", " - ", " ", ""])) + serial
    if kind == "pairs":
        first, last = " ".join([day, month, stated]), f"{serial[:2]} {serial[2:]}"
        alike = [sign.join([day, month, year[2:], serial[:2], serial[2:]]) for sign in "-./_"]
        return digits, draw(st.sampled_from([f"{first} {last}", f"{first} - {last}", f"{digits[:6]} {last}", *alike]))
    if kind == "year first" and not added:
        sign, last = draw(st.sampled_from(["", "-", ".", "/", " "])), serial
        if year >= "2000":
            last = f"{4 + int(serial[0]) % 6}{serial[1:]}"
        return digits[:6] + last, sign.join([year, month, day]) + draw(st.sampled_from(["-", " ", "–"])) + last
    if kind == "lines":
        end = draw(st.sampled_from(["\n", "\v", "\f", "\u2028", "\r\n", "\r", "-\n", " \n", "\n-", "–\r\n  "]))
        return digits, f"{day}{month}{stated}{end}{serial}"
    if kind == "markup":
        return digits, f"{day}{month}{stated}{draw(st.sampled_from(MARKED))}{serial}"
    if kind == "short day":
        written = draw(st.sampled_from(SHORT_DATES)).format(d=born.day, m=born.month, name=MONTHS[born.month - 1])
        gap = draw(st.sampled_from(["-", " - ", "–", "  -", *([" "] if year < "2000" else [])]))
        return f"{born.day:02}{digits[2:]}", f"{written}{stated}{gap}{serial}"
    if kind == "spaced":
        sign = draw(st.sampled_from([*(" " * count for count in range(1, 5)), "-", "."]))
        gaps = [sign, " - ", "    -    "]
        return digits, sign.join(digits[:6]) + draw(st.sampled_from(gaps)) + sign.join(digits[6:])
    if kind == "marked":
        mark, dash = draw(st.sampled_from(MARKS)), draw(st.sampled_from(["", "-", "–", " "]))
        text = f"{digits[:6]}{dash}{serial}"
        return digits, "".join(sign + mark * draw(st.integers(0, 2)) for sign in text)
    if kind == "grouped" and serial[1:] != "000":
        sign = draw(st.sampled_from([".", ",", "'", " ", "\u00a0"]))
        return digits, sign.join([digits[0], digits[1:4], digits[4:7], digits[7:]])
    if kind == "invisible":
        at, sign = draw(st.integers(0, 11)), draw(st.sampled_from(INVISIBLE))
        text = f"{day}{month}{stated}-{serial}"
        return digits, text[:at] + sign + text[at:]
    if kind == "script":
        zero = draw(st.sampled_from(ZEROS))
        text = "".join(chr(zero + int(digit)) for digit in digits)
        return digits, text[:6] + draw(st.sampled_from(["", "-", "–"])) + text[6:]
    if kind == "amount":
        exact = digits.lstrip("0")
        power = len(exact) - 1
        forms = [
            f"{digits}.0",
            f"{digits},00",
            f"{exact[0]}.{exact[1:]}E+{power:02}",
            f"{exact[0]},{exact[1:]}e{power}",
        ]
        if digits[0] == "0" and serial[:2] not in ("19", "20"):
            forms.append(f"{digits[1:6]}-{serial}")
        return digits, draw(st.sampled_from(forms))
    return digits, draw(st.sampled_from([f"'{digits}", f'="{digits}"', f" {digits[:6]}-{serial} "]))


#: What may stand directly before and after a number: words, names, addresses and lines, but no digit.
before = st.sampled_from(
    [
        "",
        "cpr ",
        "CPR:",
        "cpr_",
        "sag om ",
        "(",
        "“",
        "per",
        "per.",
        "2023-",
        "J.nr. 15-",
        "linje\n",
        "a\r\n",
        ";",
        "x|",
    ]
)
after = st.sampled_from(
    ["", ".", ", tlf. 33 66 33 66", ")", "@eksempel.invalid", ".pdf", "_2.docx", " ringede", "\nnæste"]
)


@pytest.fixture(scope="module")
def session() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        macros.define(connection)
        yield connection


def in_duckdb(session: duckdb.DuckDBPyConnection, text: str) -> tuple:
    query = "select t, may_hold_number(folded(t)), person_of(t), person_or_company_of(t) from (select tidied($1) as t)"
    tidied, holds, cpr, either = session.execute(query, [text]).fetchall()[0]
    return tidied, bool(holds), cpr, either


def in_python(text: str) -> tuple:
    return tidy(text), holds_number(tidy(text)), person(text), person(text, allows_cvr=True)


@FEW
@given(spelled(), before, after)
@example(("0101901234", "10190-1234"), "", "")
@example(("0101901234", "010190</p>\n<p class='x'>1234"), "", "")
def test_any_spelling_is_found_and_masked(session, written, head, tail):
    digits, text = written
    inside = head + text + tail
    assert digits in numbers(inside)
    masked = mask(inside)
    assert not holds_number(masked)
    assert digits not in masked
    assert Number(digits).is_in(inside)
    assert in_duckdb(session, inside) == in_python(inside)


@FEW
@given(spelled())
@example(("0101901234", "010190) (1234"))
@example(("0101901234", "010190//1234"))
def test_any_spelling_is_one_person(session, written):
    digits, text = written
    assert person(text) == digits
    assert in_duckdb(session, text) == in_python(text)
    assert Number.typed(text).digits == digits


@FEW
@given(dates.filter(lambda born: born.day < 10), serials)
def test_missing_leading_zero_is_same_person(session, born, serial):
    digits = f"{born:%d%m%y}{serial}"
    grouped = [sign.join([digits[1:4], digits[4:7], digits[7:]]) for sign in ".,' "]
    for text in (digits[1:], f"{digits[1:]}.0", f"{born.day}{born:%m%Y}{serial}", *grouped, f"{grouped[0]},00"):
        assert person(text) == digits
        assert in_duckdb(session, text)[2] == digits
        assert Number(digits).is_in(text)


@pytest.mark.parametrize("text", ["101.901.234", "101,901,234", "101 901 234", "101901234,0", "101901234.00"])
def test_amount_is_number_as_whole_text_only(session, text):
    """A spreadsheet took the number for an amount. Among words it is an amount."""
    assert numbers(text) == {"0101901234"}
    assert mask(text) == "[cpr]"
    assert in_duckdb(session, text) == in_python(text)
    assert session.execute("select may_hold_number('a' || chr(1) || $1 || chr(1) || 'b')", [text]).fetchall() == [
        (True,)
    ]
    assert not holds_number(f"i alt {text} kr.")
    assert in_duckdb(session, f"i alt {text} kr.") == in_python(f"i alt {text} kr.")


@pytest.mark.parametrize("text", ["101.500.000", "110500000,00", "119.901.234", "101901234", "101901234,5"])
def test_round_amounts_are_no_number(session, text):
    assert not holds_number(text)
    assert in_duckdb(session, text) == in_python(text)


def test_marks_change_no_text_without_number(session):
    text = "1\u0332. maj, 2\u0336 sager"
    assert (tidy(text), mask(text)) == (text, text)
    assert in_duckdb(session, text) == in_python(text)


#: Random mixtures of numbers, signs and letters. Both must give the same answer for all of them.
pieces = st.lists(
    st.one_of(
        st.text("0123456789", min_size=1, max_size=13),
        st.sampled_from([*DASHES, *BLANKS, *DOTS, *SLASHES, *INVISIBLE, *"-./_ ,+'\"=E\n\t", "DK", "19", "20", "²"]),
        st.text(max_size=3).filter(lambda text: "\0" not in text),
        spelled().map(lambda written: written[1]),
    ),
    max_size=6,
).map("".join)


@FEW
@given(st.lists(pieces, min_size=1, max_size=20))
@example(["_x005F_x000D_", "_x000D_\n", "a_x000d__x000a_b", "_x0009_x", "_x005F__x005F_"])
def test_duckdb_and_python_read_texts_alike(session, texts):
    for text in texts:
        text = text.encode("utf-8", "replace").decode()
        assert in_duckdb(session, text) == in_python(text), ascii(text)


@pytest.mark.parametrize(
    "text",
    [
        "20230502_0915",  # the second of May at a quarter past nine
        "IMG_20230502_1234.jpg",
        "2023-05-02 0915",
        "02.05.2023\n2100 København Ø",
        "02.05.2023 09.15",
        "02-05-2023-09-15",
        "lillol-loll",
        "Kort 45 71 00 12 34",
        "2023-0404306",  # a case number
        "2012-040430",
        "4223550",  # a document's number
        "BS-100118/2021",  # a court's case of 2021
        "BS-10118/2021",
        "1.234.567,89",
        "12345678901234",
        "33 66 33 66",
        "+45 33 66 33 66",
        "2023-05-02T09:15:00",
        "01-04-2022 - 31-03-2023",
        "32.18.04",
        "3201901234",  # there is no day 32
        "0113901234",  # there is no month 13
        "110590,25",
        "1.012.500.000",  # a round amount
        "1.512.345,50",
        "1/5-2023 2100 København",
        "1. maj 2023 2100 København",
        "1.1.2020-31.12.2020",
        "\\'e6ble 12",
        "12345678",
    ],
)
def test_other_numbers_are_not_found(session, text):
    assert not holds_number(text)
    assert mask(text) == text
    assert not in_duckdb(session, text)[1]


@pytest.mark.parametrize(
    ("text", "cpr", "either"),
    [
        ("12345678", None, "12345678"),
        ("DK-12 34 56 78", None, "12345678"),
        ("dk12345678", None, "12345678"),
        ("010190-1234", "0101901234", "0101901234"),
        ("1.0101E+09", None, None),  # Excel has shortened it, so several numbers are possible
        ("1.01010123E+09", None, None),
        ("123", None, None),
        ("ukendt", None, None),
        ("010190-12345", None, None),
        ("0101901234 og 0201901234", None, None),
    ],
)
def test_persons_and_companies_differ(session, text, cpr, either):
    assert (person(text), person(text, allows_cvr=True)) == (cpr, either)
    assert in_duckdb(session, text)[2:] == (cpr, either)


@pytest.mark.parametrize("sign", ["¹", "²", "⁰", "₁"])
def test_footnote_is_no_part_of_number(session, sign):
    assert mask(f"010190-1234{sign} ringede") == f"[cpr]{sign} ringede"
    assert in_duckdb(session, f"010190-1234{sign}")[1]
    assert person(f"010190-123{sign}") is None


@pytest.mark.parametrize("text", ["O1O190-1234", "0l0l90-l234", "OIOI9O-I23O"])
def test_lookalike_letters_are_only_masked(session, text):
    """Letters that look like 0 and 1 are found in a text, and never read as a person."""
    assert mask(f"cpr {text}.") == "cpr [cpr]."
    assert not holds_number(f"x{text}")
    assert in_duckdb(session, text)[1:3] == (True, None)
    assert person(text) is None


def test_number_after_encoded_blank_is_found(session):
    assert numbers("navn=A%200101901234&x=1") == {"0101901234"}
    assert in_duckdb(session, "navn=A%200101901234&x=1")[1]


def test_two_numbers_are_both_masked():
    assert mask("0101901234,0201901234 0301901234") == "[cpr],[cpr] [cpr]"


def test_unicode_digits_dashes_blanks_are_known():
    known = {*DASHES, *BLANKS, *"- ", *(chr(zero + value) for zero in (0x30, *ZEROS) for value in range(10))}
    named = {letter for letter in map(chr, range(0x110000)) if unicodedata.category(letter) in ("Nd", "Pd", "Zs")}
    newer = {
        letter for letter in named if unicodedata.name(letter, "") and ord(letter) > 0x10D40 and letter not in known
    }
    assert named - known <= newer  # scripts that only a newer Python knows
