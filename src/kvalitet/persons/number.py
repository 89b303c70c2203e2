"""A CPR number as it was typed in, for as long as the command runs."""

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

#: Longer than any spelling of a number, with the signs of a web page in it.
AROUND = 100
#: Signs as people write them within a date, between pairs of digits, and before the last four; and all others there.
INNER = ("", "-", ".", "/", " ", "_", "–")
OUTER = (*INNER, " - ", " – ")
RARE = ("\t", *DASHES, *BLANKS, *DOTS, *SLASHES, *LOW_LINES, *INVISIBLE)


@dataclass(frozen=True, repr=False)
class Number:
    """Ten digits. It is never written anywhere, and does not show itself in an exception either."""

    digits: str

    @classmethod
    def typed(cls, text: str) -> "Number":
        """Raises KvalitetError, which does not repeat it, where the text is not a CPR number in some spelling."""
        digits = person(text)
        if not digits or not re.fullmatch(CPR, digits):
            raise KvalitetError("That is not a CPR number.", "Type its ten digits, with or without the hyphen.")
        return cls(digits)

    def may_be_in(self, text: str) -> bool:
        """Whether `is_in` is worth asking."""
        return self._end.search(fold(visible(text))) is not None

    def is_in(self, text: str) -> bool:
        """Whether the number is written in the text, or is the whole of it as a spreadsheet may have left it."""
        folded = fold(visible(text))
        places = [match.start() for match in self._end.finditer(folded)]
        if places and len(folded) <= AROUND and person(text) == self.digits:
            return True
        return any(self.digits in numbers(folded[max(0, at - AROUND) : at + AROUND]) for at in places)

    @cached_property
    def _end(self) -> re.Pattern[str]:
        """What stands in every spelling: the last four figures, with or without signs between.

        An exponent loses the zeros at the end; of four zeros nothing is left but the month.
        """
        last = self.digits[6:].rstrip("0")
        signs = [f"[{figure}{''.join(sign for sign, read in LETTERS.items() if read == figure)}]" for figure in last]
        between = "[-./_,' \t]{0,9}"
        return re.compile(between.join(signs) or f"{self.digits[2:4]}|0{between}0")

    def pseudonyms(self, keys: tuple[bytes, ...]) -> list[str]:
        """What the number becomes in raw, under the keys that its rows were brought up to date with.

        That is what its ten digits become. A column of free form has two spellings as they were delivered, and
        what was taken in before every spelling was read has others: the signs between the parts of the date and before
        the last four digits, those in pairs, the century, the year first, a zero that a spreadsheet left out.
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
