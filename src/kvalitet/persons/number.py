"""A CPR number as it was typed in, kept only while the command runs."""

import re
from dataclasses import dataclass
from functools import cached_property
from itertools import product

from kvalitet.errors import KvalitetError
from kvalitet.intake.pseudonyms import pseudonym
from kvalitet.spelling.identity import fold, numbers, person
from kvalitet.spelling.number_parts import CPR, LETTERS
from kvalitet.spelling.signs import BLANKS, DASHES, DOTS, INVISIBLE, LOW_LINES, SLASHES
from kvalitet.spelling.text import visible

#: Longer than any spelling of a number, including the characters of a web page in it.
AROUND = 100
#: Characters as people write them within a date, between pairs of digits, and before the last four. Then all others
#: there.
INNER = ("", "-", ".", "/", " ", "_", "–")
OUTER = (*INNER, " - ", " – ")
RARE = ("\t", *DASHES, *BLANKS, *DOTS, *SLASHES, *LOW_LINES, *INVISIBLE)


@dataclass(frozen=True, repr=False)
class Number:
    """Ten digits. The number is never written anywhere, and an exception does not show it either."""

    digits: str

    @classmethod
    def typed(cls, text: str) -> "Number":
        """Read the number that a text is. Raises KvalitetError where it is no CPR number in any spelling.

        The error does not repeat the text.
        """
        digits = person(text)
        if not digits or not re.fullmatch(CPR, digits):
            raise KvalitetError("That is not a CPR number.", "Type its ten digits, with or without the hyphen.")
        return cls(digits)

    def may_be_in(self, text: str) -> bool:
        """Whether the text may hold the number, as a quick test before `is_in`."""
        return self._end.search(fold(visible(text))) is not None

    def is_in(self, text: str) -> bool:
        """Whether the number is written in the text, or is the whole text as a spreadsheet may have left it."""
        folded = fold(visible(text))
        places = [match.start() for match in self._end.finditer(folded)]
        if places and len(folded) <= AROUND and person(text) == self.digits:
            return True
        return any(self.digits in numbers(folded[max(0, at - AROUND) : at + AROUND]) for at in places)

    @cached_property
    def _end(self) -> re.Pattern[str]:
        """A pattern of what every spelling holds: the last four digits, with or without characters between.

        An exponent loses the zeros at the end. Where all four are zeros, only the month is left.
        """
        last = self.digits[6:].rstrip("0")
        signs = [f"[{figure}{''.join(sign for sign, read in LETTERS.items() if read == figure)}]" for figure in last]
        between = "[-./_,' \t]{0,9}"
        return re.compile(between.join(signs) or f"{self.digits[2:4]}|0{between}0")

    def pseudonyms(self, keys: tuple[bytes, ...]) -> list[str]:
        """The number's pseudonyms in raw, under the keys that its rows were brought up to date with.

        The first is that of its ten digits. A column of free form also has two spellings as they were delivered. Rows
        taken in before every spelling was read have others: the characters between the parts of the date and before the
        last four digits, those in pairs, the century, the year first, a zero that a spreadsheet left out.
        """
        return [pseudonym(keys, form) for form in (self.digits, *sorted(self._forms - {self.digits}))]

    @cached_property
    def _forms(self) -> set[str]:
        day, month, year = self.digits[:2], self.digits[2:4], self.digits[4:6]
        years = (year, *(f"{century}{year}" for century in ("18", "19", "20")))
        dates = {sign.join((day, month, stated)) for sign, stated in product(INNER, years)}
        dates |= {sign.join((stated, month, day)) for sign, stated in product(INNER, years[1:])}
        serials = {sign.join((self.digits[6:8], self.digits[8:])) for sign in INNER}
        forms = {"".join(parts) for parts in product(dates, OUTER, serials)}
        forms |= {f"{self.digits[:6]}{sign}{self.digits[6:]}" for sign in RARE}
        return forms | {form.removeprefix("0") for form in forms}

    def __repr__(self) -> str:
        return "Number(…)"
