from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from kvalitet.reports import danish


@pytest.mark.parametrize(
    ("value", "decimals", "text"),
    [
        (Decimal("1234567.5"), 1, "1.234.567,5"),
        (Decimal("-0.04"), 1, "0,0"),
        (Decimal("-15.3"), 1, "−15,3"),
        (Decimal("2.5"), 0, "3"),
        (0, 0, "0"),
        (None, 1, "–"),
    ],
)
def test_numbers_are_written_in_danish(value: Decimal | None, decimals: int, text: str):
    assert danish.number(value, decimals) == text


def test_number_keeps_its_stated_decimals():
    assert danish.plain(Decimal("73.90")) == "73,90"
    assert danish.plain(Decimal(21018)) == "21.018"


def test_shares_and_changes():
    assert danish.share(19 + 5, 129) == "18,6 %"
    assert danish.share(1, 0) == danish.share(None, 4) == "–"
    assert danish.change(Decimal(1077), Decimal(840)) == "+28,2 %"
    assert danish.change(Decimal(912), Decimal(1077)) == "−15,3 %"
    assert danish.change(Decimal(5), Decimal(0)) == ""


def test_dates_and_times_are_danish():
    assert danish.day(date(2024, 3, 1)) == "01-03-2024"
    assert danish.instant(datetime(2024, 7, 1, 22, 30, tzinfo=UTC)) == "02-07-2024 kl. 00.30"
    assert danish.instant(datetime(2024, 12, 1, 22, 30, tzinfo=UTC)) == "01-12-2024 kl. 23.30"


def test_danish_letters_sort_last():
    assert sorted(["Ål", "Ørn", "Æble", "zebra", "Aabenraa", "Abe"], key=danish.order) == [
        "Abe", "zebra", "Æble", "Ørn", "Aabenraa", "Ål",
    ]  # fmt: skip
    assert sorted(["C10", "C2", "C02", "C1"], key=danish.natural_order) == ["C1", "C02", "C2", "C10"]
