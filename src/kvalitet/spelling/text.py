"""One vocabulary for text: what a delivered text is read as, and which words stand for nothing.

A text is read without invisible characters, in Unicode's composed form (NFC), with ordinary spaces and without blanks
at its ends. kvalitet.spelling.macros does the same in DuckDB.
"""

import re
import unicodedata

from kvalitet.spelling.signs import BLANKS, INVISIBLE, OUTER

#: How a workbook writes characters that XML does not hold: _x000D_ is the end of a line, _x005F_ an underscore.
ESCAPE = re.compile(r"_x00(09|0[Aa]|0[Dd]|5[Ff])_")
#: Words that stand for nothing where a contract does not name others: what programs and people write for a missing
#: value. Compared without regard to case, as whole values.
NOTHING = (
    "nan", "-nan", "null", "none", "nil", "n/a", "na", "n.a.", "nat", "<na>", "<null>", "(null)", "undefined",
    "#n/a", "#n/a n/a", "#na", "#i/t", "i/t", "-1.#ind", "1.#ind", "-1.#qnan", "1.#qnan",
    "\\n", "[null]", "-", "--", "---", "–", "—", "?", "(blank)", "(empty)", "(tom)",
)  # fmt: skip
#: Rule -> what was done to a text, in words for people.
RULES = {
    "header": "the header is written otherwise than agreed",
    "line_end": "the line ended otherwise than most",
    "escape": "held a workbook's escape such as _x000D_",
    "invisible": "held signs that nobody sees",
    "composed": "was not in Unicode's composed form (NFC)",
    "blank": "held blanks that are no ordinary space",
    "outer_blank": "had blanks at its ends",
    "nothing": "is a word that stands for nothing",
    "nobody": "is an identity that stands for nobody",
    "identity_spelling": "is an identity number in another spelling",
    "often": "rows of one person, who has far more than any other",
}

#: All characters that the tables name: neither printed ASCII, blank, line end nor letter of Western Europe. Not among
#: them is 01, which joins the texts of a row.
UNUSUAL = re.compile("[^\x01\t-\r\x20-\x7eÀ-ÿ]")

_UNSEEN = str.maketrans("", "", INVISIBLE)
_SPACES = str.maketrans(BLANKS, " " * len(BLANKS))


def visible(text: str) -> str:
    """The text without invisible characters."""
    return text.translate(_UNSEEN) if UNUSUAL.search(text) else text


def tidy(text: str) -> str:
    """What a delivered text is read as."""
    text = visible(_unescaped(text)) if "_x" in text else visible(text)
    return unicodedata.normalize("NFC", text.translate(_SPACES)).strip(OUTER)


def header(text: str) -> str:
    """The form in which headers are compared: tidy, with each run of blanks as one space."""
    return " ".join(tidy(text).split())


def _unescaped(text: str) -> str:
    text = re.sub(r"_x000[Dd]_(\n|_x000[Aa]_)", "\n", text)
    return ESCAPE.sub(lambda match: {"09": "\t", "0A": "\n", "0D": "\n", "5F": "_"}[match[1].upper()], text)
