"""Dates and times of a workbook: numbers of days since 1900 or 1904, as Excel shows them."""

from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache

from kvalitet.contracts.patterns import to_strptime

DAY_SECONDS = 86_400
#: The smallest unit that Excel shows.
MILLISECOND = Decimal("0.001")
#: 31 December 9999. Excel shows later moments as ####.
LAST_DAY = {False: 2_958_465, True: 2_957_003}
#: Excel has a 29 February 1900, a day that does not exist in the calendar.
NO_DAY = 60


@lru_cache(maxsize=4096)
def moment_text(days: Decimal, is_1904: bool, shows: frozenset[str], pattern: str | None) -> str | None:
    """A date, time or duration as text, to the nearest second. None for what Excel shows as ####.

    A date is written by `pattern` (of the contract) where that loses nothing that is shown, otherwise as in ISO 8601. A
    day that does not exist is written as such.
    """
    if not 0 <= days <= LAST_DAY[is_1904] + 1:
        return None
    unit = next((letter for letter in shows if letter[0] == "["), "")
    shows_time = bool(unit or shows & {"h", "s"})
    exact = (days * DAY_SECONDS).quantize(MILLISECOND, ROUND_HALF_UP)
    # A moment whose time is not shown is not rounded up to the next day at 23:59:59.997.
    seconds = int(exact.quantize(Decimal(1), ROUND_HALF_UP) if shows_time else exact)
    if seconds // DAY_SECONDS > LAST_DAY[is_1904]:
        return None
    if unit:
        return _duration(seconds, unit, "s" in shows)
    if not shows & {"y", "d"} and shows_time:
        return _clock(seconds % DAY_SECONDS, "s" in shows)
    day, rest = divmod(seconds, DAY_SECONDS)
    if not is_1904 and day in (0, NO_DAY):
        text = "1900-01-00" if day == 0 else "1900-02-29"
        return _impossible(text, pattern)
    start = datetime(1904, 1, 1) if is_1904 else datetime(1899, 12, 31 if day < NO_DAY else 30)  # noqa: DTZ001
    return written(start + timedelta(days=day, seconds=rest), shows, pattern)


def written(moment: datetime, shows: frozenset[str], pattern: str | None) -> str:
    """`moment` by the contract's pattern, or in ISO 8601 where there is none or it would lose something that is shown.

    Without a pattern, a day or month that is not shown is left out.
    """
    shows_time = bool(shows & {"h", "s"})
    if pattern:
        text = moment.strftime(to_strptime(pattern))
        kept = datetime.strptime(text, to_strptime(pattern))  # noqa: DTZ007
        if not shows_time:
            moment = moment.replace(hour=kept.hour, minute=kept.minute, second=kept.second)
        if "s" not in shows:
            moment = moment.replace(second=kept.second)
        if "d" not in shows:
            moment = moment.replace(day=kept.day)
        if kept == moment:
            return text
    if shows_time:
        return moment.isoformat(" ")
    shown = 10 if pattern or "d" in shows else 7 if "m" in shows else 4
    return moment.date().isoformat()[:shown]


def _impossible(text: str, pattern: str | None) -> str:
    year, month, day = text.split("-")
    for letters, number in (("yyyy", year), ("MM", month), ("dd", day)):
        pattern = pattern and pattern.replace(letters, number)
    return pattern if pattern and not any(letter.isalpha() for letter in pattern) else text


def _clock(seconds: int, shows_seconds: bool) -> str:
    hours, rest = divmod(seconds, 3600)
    minutes, rest = divmod(rest, 60)
    return f"{hours:02d}:{minutes:02d}" + (f":{rest:02d}" if shows_seconds else "")


def _duration(seconds: int, unit: str, shows_seconds: bool) -> str:
    if unit == "[s":
        return str(seconds)
    minutes, rest = divmod(seconds, 60)
    tail = f":{rest:02d}" if shows_seconds else ""
    return f"{minutes}{tail}" if unit == "[m" else f"{minutes // 60}:{minutes % 60:02d}{tail}"
