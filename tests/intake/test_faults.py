"""A delivery that cannot be read is refused for a fault of its file. A fault of the program is named as such."""

import pytest

from kvalitet.errors import DeliveryRefused, KvalitetError, OwnFault
from kvalitet.intake import extract
from kvalitet.intake.extract import without_values
from kvalitet.intake.faults import refused_if_unreadable
from kvalitet.settings import AUDITOR
from kvalitet.spelling.text import tidy
from kvalitet.warehouse.connection import fetch_all

SECRET = "hemmeligt_tema"


def test_own_error_prints_no_value():
    with pytest.raises(OwnFault) as fault, refused_if_unreadable("klager.csv"):
        tidy({SECRET: 1})  # type: ignore[arg-type]
    assert "klager.csv could not be read: " in fault.value.what
    assert "not of the delivery" in fault.value.what
    assert SECRET not in str(fault.value)


@pytest.mark.parametrize("error", [ValueError(SECRET), KeyError(SECRET)])
def test_parser_error_refuses_file(error):
    """An error raised outside this package, as a library does on a damaged workbook."""
    with pytest.raises(DeliveryRefused) as refusal, refused_if_unreadable("klager.csv"):
        raise error
    assert SECRET not in str(refusal.value)


def test_error_outside_reading_is_own_fault():
    try:
        tidy({SECRET: 1})  # type: ignore[arg-type]
    except Exception as error:
        assert isinstance(without_values("bif_complaints", error), OwnFault)  # noqa: PT017


@pytest.mark.slow
def test_own_fault_does_not_refuse_delivery(settings, deliver, monkeypatch):
    deliver(*({"Sagsnummer": f"2024 - {n:05d}"} for n in range(60)))
    with monkeypatch.context() as broken:
        broken.setattr("kvalitet.intake.history.receive", None)
        with pytest.raises(KvalitetError, match=r"klager_2025-01-02\.csv could not be read: TypeError at history\.py"):
            extract(settings, "bif_complaints")
    assert fetch_all(settings, AUDITOR, "select from audit.load") == []
    runs = fetch_all(settings, AUDITOR, "select outcome from audit.extract_run")
    assert [run["outcome"] for run in runs] == ["failed"]
    assert extract(settings, "bif_complaints").outcome == "accepted"
