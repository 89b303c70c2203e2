"""Write seeds/seed_holiday.csv: the days in Denmark on which an office is closed, apart from weekends.

Run it from the checkout: `python dbt_project/scripts/make_holidays.py`. Public holidays come from
the `holidays` library, which knows that Store bededag ended with 2023. The closing days are customs,
not law: whether they count as working days is a setting of dbt_project.yml.
"""

import csv
import datetime
import io
from pathlib import Path

import holidays

YEARS = range(2005, 2031)
SEED = Path(__file__).parents[1] / "seeds" / "seed_holiday.csv"
CLOSING_DAYS = {(6, 5): "Grundlovsdag", (12, 24): "Juleaftensdag", (12, 31): "Nytårsaftensdag"}


def rows() -> list[tuple[str, str, str]]:
    """(date, Danish name, kind), one row per date; kind is `helligdag` (by law) or `lukkedag` (by custom)."""
    days = {
        datetime.date(year, month, day): (name, "lukkedag")
        for year in YEARS
        for (month, day), name in CLOSING_DAYS.items()
    }
    public = holidays.country_holidays("DK", years=YEARS, language="da")
    days |= {day: (name, "helligdag") for day, name in public.items()}
    return [(day.isoformat(), *days[day]) for day in sorted(days)]


def as_csv() -> str:
    """The seed's text."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(("date_day", "name_da", "kind"))
    writer.writerows(rows())
    return out.getvalue()


if __name__ == "__main__":
    SEED.write_text(as_csv(), encoding="utf-8")
