"""Where figures cannot be compared with earlier ones, and why."""

from datetime import date

from kvalitet.reports.model import Break, Indicators


class Breaks:
    """Looks up the breaks in the series of an indicator for an authority."""

    def __init__(self, data: Indicators) -> None:
        self._breaks = data.breaks

    def between(self, indicator_id: str, authority: str, earlier: date, later: date) -> tuple[Break, ...]:
        """The breaks that lie between a period that began on `earlier` and one that began on `later`."""
        return tuple(
            b
            for b in self._breaks
            if b.indicator_id == indicator_id
            and b.authority in (None, authority)
            and earlier < b.first_period_start <= later
        )


def said(found: tuple[Break, ...]) -> str:
    """E.g. `Databrud fra 2024: Ny metode.`. Empty where there is no break."""
    return " ".join(f"Databrud fra {b.first_period_start.year}: {b.reason_da.rstrip('.')}." for b in found)
