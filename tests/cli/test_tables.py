"""Tables in a terminal of 80 columns or more: figures and dates are not broken, and no text is lost."""

import io

import pytest
from rich.console import Console

from kvalitet.cli import output as cli_output

REJECT = {
    "table": "remarks", "delivery": "2025-01-02", "sheet": "Ark1", "row": 10_417, "days": 12, "loads": 3,
    "problems": "; ".join(f"column_{number}:required" for number in range(12)),
}  # fmt: skip


@pytest.mark.parametrize("width", [80, 120, 200])
def test_row_with_many_problems_can_be_found(monkeypatch, width: int) -> None:
    out = io.StringIO()
    monkeypatch.setattr(cli_output, "console", Console(file=out, width=width))
    cli_output.print_rows("Rows set aside", [REJECT])
    first, said = out.getvalue().splitlines()[4], out.getvalue()
    assert {"remarks", "2025-01-02", "Ark1", "10417", "12", "3"} <= set(first.split())
    assert "".join(said.split()).count(":required") == 12
