"""Only counts of whistleblower matters are accepted. Single reports are refused, and nothing of them is kept."""

from pathlib import Path

import pytest
from deliveries import write

from kvalitet.errors import DeliveryRefused
from kvalitet.intake import extract

HEADER = "Fra;Til;Kategori;Antal"
COUNTS = ["01-01-2024;30-06-2024;modtaget;14", "01-01-2024;30-06-2024;undersoegt;9"]


def deliver(inbox: Path, *lines: str) -> None:
    write(inbox, "whistleblower_statistics/whistleblower_2025-01-02.csv", "\r\n".join([*lines, ""]))


def test_counts_are_accepted(settings, inbox, open_rows):
    deliver(inbox, HEADER, *COUNTS)
    assert extract(settings, "whistleblower_statistics").outcome == "accepted"
    assert [row["reports"] for row in open_rows("whistleblower_statistics__statistics")] == [14, 9]


def test_single_report_columns_are_refused(settings, inbox, open_rows, everything_written):
    deliver(
        inbox, HEADER + ";Journalnummer;Beskrivelse", *[f"{row};WB-2024-17;Chefen har set bort fra" for row in COUNTS]
    )
    with pytest.raises(DeliveryRefused, match="not agreed: column 5"):
        extract(settings, "whistleblower_statistics")
    assert open_rows("whistleblower_statistics__statistics") == []
    assert "WB-2024-17" not in everything_written() and "Chefen" not in everything_written()


@pytest.mark.parametrize(
    "lines",
    [
        pytest.param(["01-01-2024;30-06-2024;modtaget;1"] * 3, id="one row per report"),
        pytest.param(["01-01-2024;30-06-2024;WB-2024-17 om chefen;1"], id="a report in the category's column"),
        pytest.param(["01-01-2024;30-06-2024;modtaget;WB-2024-17"], id="a report's number in the count's column"),
    ],
)
def test_single_reports_as_counts_are_refused(settings, inbox, open_rows, everything_written, lines):
    deliver(inbox, HEADER, *COUNTS[1:], *lines)
    with pytest.raises(DeliveryRefused):
        extract(settings, "whistleblower_statistics")
    assert open_rows("whistleblower_statistics__statistics") == []
    assert "WB-2024-17" not in everything_written()
