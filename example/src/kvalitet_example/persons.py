"""CPR numbers that nobody can have.

Every number means a date of birth in 2050–2057 (year 50–57 with a seventh digit of 5–8, by the rules of the CPR
register), and nobody living has one. Every tenth is a replacement number, with 6 added to the first digit of the day,
which the register never issues at all.
"""

import numpy as np
import polars as pl

DAYS, MONTHS, YEARS, SERIALS = 28, 12, 8, 4000
NUMBERS = DAYS * MONTHS * YEARS * SERIALS
SPREAD = 7_368_787  # prime, so that multiplying by it permutes the numbers
#: The system's own marker where the complainant is not a person.
NOT_A_PERSON = "0000000000"


def cpr_numbers(citizens: np.ndarray) -> pl.Series:
    """Ten digits for each citizen number (0 ≤ number < NUMBERS). Different numbers give different CPRs."""
    rest = (citizens.astype(np.int64) * SPREAD + 17) % NUMBERS
    rest, serial = np.divmod(rest, SERIALS)
    rest, year = np.divmod(rest, YEARS)
    day, month = np.divmod(rest, MONTHS)
    day = day + 1 + np.where(citizens % 10 == 3, 60, 0)
    digits = day * 10**8 + (month + 1) * 10**6 + (50 + year) * 10**4 + 5000 + serial
    return pl.Series("cpr", digits).cast(pl.String).str.zfill(10)


def with_hyphen(numbers: pl.Expr) -> pl.Expr:
    """`ddmmyynnnn` -> `ddmmyy-nnnn`."""
    return numbers.str.slice(0, 6) + "-" + numbers.str.slice(6)
