"""Increments: each delivery holds only what is new. They give the same state in any order of arrival."""

from itertools import permutations

import psycopg
import pytest
from deliveries import COMPLAINT, POINT, as_csv, write

from kvalitet.contracts import load_contracts
from kvalitet.intake import extract, raw_tables
from kvalitet.intake.withdrawal import withdraw
from kvalitet.past.rebuild import KNOWN
from kvalitet.settings import LOADER
from kvalitet.warehouse.connection import connect

CONTRACT = "bif_complaints.odcs.yaml"
FIRST_LIMIT, LAST_LIMIT = "maxRejectedPercent, value: 2}\n", "maxClosedPercent, value: 5}\n"
#: The centres of three cases, as delivered at three cut-offs, and what is known at each of them.
SAID = {
    "2025-01-02": {"A": "C01", "B": "C01"},
    "2025-01-03": {"A": "C02", "C": "C01"},
    "2025-01-04": {"B": "C03", "A": "C02"},
}
KNOWN_AT = {
    "2025-01-02": {"A": "C01", "B": "C01"},
    "2025-01-03": {"A": "C02", "B": "C01", "C": "C01"},
    "2025-01-04": {"A": "C02", "B": "C03", "C": "C01"},
}
NUMBERS = {"A": "2024 - 00001", "B": "2024 - 00002", "C": "2024 - 00003"}


@pytest.fixture
def increments(settings, own_contract, admin_url):
    """The complaints' contract, changed to increments. Further pairs change more of it."""

    def made(*pairs: tuple[str, str]):
        file = settings.contracts_dir / CONTRACT
        closed = "      - {property: absent, value: closed}\n"
        assert closed in file.read_text()
        changed = own_contract(
            (LAST_LIMIT, f"{LAST_LIMIT}      - {{property: delivers, value: increment}}\n"),
            *pairs,
            everywhere=(closed, closed.replace("closed", "kept")),
        )
        with psycopg.connect(admin_url) as connection:
            raw_tables.sync_raw_tables(connection, load_contracts(changed).values())
        return changed

    return made


def send(inbox, cutoff: str, said: dict[str, str]) -> None:
    rows = [COMPLAINT | {"Sagsnummer": NUMBERS[case], "Center": centre} for case, centre in said.items()]
    points = [POINT | {"Sagsnummer": row["Sagsnummer"]} for row in rows]
    write(inbox, f"bif_complaints/klager_{cutoff}.csv", as_csv(rows, list(COMPLAINT)))
    write(inbox, f"bif_complaints/klagepunkter_{cutoff}.csv", as_csv(points, list(POINT)))


def seen(settings, day: str) -> dict[str, str]:
    """The centre of each case, as known at a day."""
    names = {number.replace(" ", ""): case for case, number in NUMBERS.items()}
    with connect(settings, LOADER) as connection:
        (load,) = (row["load_id"] for row in connection.execute(KNOWN, {"day": day}).fetchall())
        rows = connection.execute(
            "select case_number, centre_id from raw.bif_complaints__complaints where valid_from_load <= %(load)s"
            " and (valid_to_load is null or valid_to_load > %(load)s)",
            {"load": load},
        ).fetchall()
    assert len({row["case_number"] for row in rows}) == len(rows)
    return {names[row["case_number"]]: row["centre_id"] for row in rows}


@pytest.mark.parametrize("order", list(permutations(SAID)))
def test_increments_add_up_in_any_order(increments, inbox, order, open_rows):
    settings = increments()
    for cutoff in order:
        send(inbox, cutoff, SAID[cutoff])
        extract(settings, "bif_complaints")
    assert {day: seen(settings, day) for day in SAID} == KNOWN_AT
    assert len(open_rows()) == 3
    assert extract(settings, "bif_complaints").outcome == "nothing_new"


def test_late_increment_counts_overtaken(increments, inbox):
    settings = increments()
    for cutoff in ("2025-01-02", "2025-01-04", "2025-01-03"):
        send(inbox, cutoff, SAID[cutoff])
        result = extract(settings, "bif_complaints")
    assert "The older delivery 2025-01-03 was added to the history" in result.message
    table = result.loads[-1].tables["complaints"]
    assert (table.delivered, table.opened, table.overtaken) == (2, 1, 1)


def test_late_increment_is_fully_withdrawn(increments, inbox):
    settings = increments()
    for cutoff in ("2025-01-02", "2025-01-04"):
        send(inbox, cutoff, SAID[cutoff])
        extract(settings, "bif_complaints")
    send(inbox, "2025-01-03", SAID["2025-01-03"])
    late = extract(settings, "bif_complaints").loads[-1].load_id
    withdraw(settings, late, "a test", "A. Hansen")
    assert seen(settings, "2025-01-03") == KNOWN_AT["2025-01-02"]
    assert seen(settings, "2025-01-04") == {"A": "C02", "B": "C03"}


@pytest.mark.parametrize(("corrections", "today"), [("beside", "C01"), ("supersede", "C04")])
def test_correction_enters_history_if_agreed(increments, inbox, corrections, today):
    """C has no newer statement than the corrected cut-off, and A has one."""
    settings = increments((FIRST_LIMIT, f"{FIRST_LIMIT}      - {{property: corrections, value: {corrections}}}\n"))
    for cutoff in SAID:
        send(inbox, cutoff, SAID[cutoff])
        extract(settings, "bif_complaints")
    send(inbox, "2025-01-03", {"A": "C04", "C": "C04"})
    result = extract(settings, "bif_complaints")
    assert "2025-01-03 is another one than load" in result.message
    assert seen(settings, "2025-01-03") == {"A": "C04", "B": "C01", "C": "C04"}
    assert seen(settings, "2025-01-04") == {"A": "C02", "B": "C03", "C": today}
