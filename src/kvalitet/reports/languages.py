"""The languages of the validation pages: labels from one catalogue, and numbers and dates in each language's form.

Labels are written in Danish, in the templates and in `words`. `locale/en.po` holds their English. The texts of suites
and people (what must hold, why, advice, reasons) are shown as they were written.
"""

import gettext
import io
import re
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from kvalitet.contracts.two_languages import in_language
from kvalitet.reports import danish, words
from kvalitet.settings import TIMEZONE

CATALOGUE = Path(__file__).parent / "locale" / "en.po"
_DANISH_TO_ENGLISH = str.maketrans({".": ",", ",": "."})
#: The words of thresholds, as kvalitet.gate.suites and kvalitet.contracts.limits record them.
THRESHOLDS = {
    "ingen": "none", "højst": "at most", "mindst": "at least", "over": "above", "under": "below",
    "ikke både": "not both", "ikke": "not", "og": "and",
}  # fmt: skip
_IN_THRESHOLDS = re.compile(rf"\b(?:{'|'.join(THRESHOLDS)})\b")


@dataclass(frozen=True)
class Language:
    """One language of the pages. `folder` is where its pages lie below the site."""

    code: str
    name: str
    folder: str
    labels: gettext.NullTranslations

    def label(self, text: str, **values: object) -> str:
        """A label in this language. A label that the catalogue lacks is shown in Danish."""
        return self.labels.gettext(text) % values if values else self.labels.gettext(text)

    def plural(self, count: int, one: str, many: str) -> str:
        """`one` or `many`, with the count where they say `%(num)s`."""
        return self.labels.ngettext(one, many, count) % {"num": self.number(count)}

    def number(self, value: Decimal | float | None, decimals: int = 0) -> str:
        return self._figure(danish.number(value, decimals))

    def share(self, part: int | None, whole: int | None, decimals: int = 1) -> str:
        """`part` of `whole` in percent. A dash where there is nothing to divide by."""
        return self._figure(danish.share(part, whole, decimals))

    def day(self, value: date | None) -> str:
        if value is None or self.code == "da":
            return danish.day(value)
        return f"{value.day} {_MONTHS[value.month - 1]} {value.year}"

    def instant(self, value: datetime | None) -> str:
        """An instant in Danish local time."""
        if value is None or self.code == "da":
            return danish.instant(value)
        local = value.astimezone(TIMEZONE)
        return f"{self.day(local.date())} at {local:%H:%M}"

    def threshold(self, text: str | None) -> str:
        """A threshold as the gate recorded it (`ingen`, `højst 5 %`, `over 0 og under 20`)."""
        if not text or self.code == "da":
            return text or ""
        said = _IN_THRESHOLDS.sub(lambda found: THRESHOLDS[found[0]], text)
        return said.translate(_DANISH_TO_ENGLISH)

    def stale(self, reason: str | None) -> str:
        """Why a source is stale. The reason is recorded in English."""
        return words.stale(reason) if self.code == "da" else reason or ""

    def of_both(self, text: str | None) -> str:
        """This language's part of a contract's text, `English. Da: Dansk.`; all of a text that is in one only."""
        return in_language(text or "", self.code)

    def _figure(self, text: str) -> str:
        if self.code == "da":
            return text
        return text.translate(_DANISH_TO_ENGLISH).replace(" %", "%")


_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def _english() -> gettext.NullTranslations:
    with CATALOGUE.open("rb") as file:
        catalogue = read_po(file, locale="en")
    compiled = io.BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)


DANISH = Language("da", "Dansk", "", gettext.NullTranslations())
ENGLISH = Language("en", "English", "en/", _english())
LANGUAGES = (DANISH, ENGLISH)
