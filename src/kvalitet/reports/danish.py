"""Numbers, dates and order as Danish readers expect them. Everything here is a pure function."""

from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal

from kvalitet.settings import TIMEZONE

MISSING = "–"
_AFTER_Z = str.maketrans({"æ": "{1", "ä": "{1", "ø": "{2", "ö": "{2", "å": "{3"})


def number(value: Decimal | float | None, decimals: int = 0) -> str:
    """`1234.5` as `1.234,5`: rounded half up, thousands dot, a real minus. A missing value is a dash."""
    if value is None:
        return MISSING
    rounded = Decimal(str(value)).quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)
    if not rounded:
        rounded = abs(rounded)
    text = f"{rounded:,.{decimals}f}"
    return text.translate(str.maketrans({",": ".", ".": ",", "-": "−"}))


def plain(value: Decimal | None) -> str:
    """A number with the decimals that it was stated with."""
    exponent = value.as_tuple().exponent if value is not None else 0
    return number(value, max(0, -exponent) if isinstance(exponent, int) else 0)


def share(part: int | None, whole: int | None, decimals: int = 1) -> str:
    """`part` of `whole` in percent. A dash where there is nothing to divide by."""
    if part is None or not whole:
        return MISSING
    return f"{number(Decimal(100) * part / whole, decimals)} %"


def change(new: Decimal, old: Decimal, decimals: int = 1) -> str:
    """The change from `old` to `new` in percent with its sign, e.g. `+28,2 %`. Empty where `old` is 0."""
    if not old:
        return ""
    text = number(Decimal(100) * (new - old) / abs(old), decimals)
    return f"{text if text.startswith('−') else '+' + text} %"


def day(value: date | None) -> str:
    """`dd-mm-yyyy`."""
    return MISSING if value is None else value.strftime("%d-%m-%Y")


def instant(value: datetime | None) -> str:
    """An instant in Danish local time: `dd-mm-yyyy kl. HH.MM`."""
    return MISSING if value is None else value.astimezone(TIMEZONE).strftime("%d-%m-%Y kl. %H.%M")


def order(text: str) -> tuple[str, str]:
    """Sort key: æ, ø, å after z, aa as å, upper and lower case alike."""
    folded = text.casefold().replace("aa", "å").translate(_AFTER_Z)
    return folded, text


def natural_order(text: str) -> tuple:
    """As `order`, with digits compared as numbers (C2 before C10)."""
    parts: list[tuple[int, int, str]] = []
    word = ""
    for character in [*text.casefold(), ""]:
        if word and (not character or character.isdigit() != word[-1].isdigit()):
            parts.append((0, int(word), "") if word.isdecimal() else (1, 0, order(word)[0]))
            word = ""
        word += character
    return (*parts, (2, 0, text))
