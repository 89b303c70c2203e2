"""A CPR number as it was typed in, for as long as the command runs."""

import re
from dataclasses import dataclass

from kvalitet.errors import KvalitetError
from kvalitet.intake.columns import CPR
from kvalitet.intake.pseudonyms import pseudonym


@dataclass(frozen=True, repr=False)
class Number:
    """Ten digits. It is never written anywhere, and does not show itself in an exception either."""

    digits: str

    @classmethod
    def typed(cls, text: str) -> "Number":
        """Raises KvalitetError, which does not repeat it, where the text is not a CPR number."""
        digits = re.sub(r"[-\s]", "", text)
        if not re.fullmatch(CPR, digits):
            raise KvalitetError("That is not a CPR number.", "Type its ten digits, with or without the hyphen.")
        return cls(digits)

    @property
    def written(self) -> re.Pattern[str]:
        """Every way the number is written in a text, and nothing longer."""
        return re.compile(rf"(?<!\d){self.digits[:6]}[- ]?{self.digits[6:]}(?!\d)")

    def pseudonyms(self, keys: tuple[bytes, ...]) -> list[str]:
        """What the number becomes in raw; a column of free form has it as it was delivered."""
        forms = (self.digits, f"{self.digits[:6]}-{self.digits[6:]}", f"{self.digits[:6]} {self.digits[6:]}")
        return [pseudonym(keys, form) for form in forms]

    def __repr__(self) -> str:
        return "Number(…)"
