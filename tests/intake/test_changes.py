"""Limits on what a delivery may change. Rows that only we read differently do not count as changed."""

import psycopg
import pytest
from deliveries import COMPLAINT, as_csv, write

from kvalitet.contracts import find_contract, load_contracts
from kvalitet.errors import DeliveryRefused
from kvalitet.intake import extract, raw_tables, replay
from kvalitet.intake.before import reading_digest
from kvalitet.settings import LOADER
from kvalitet.warehouse.connection import connect

ROWS = [{"Sagsnummer": f"2024 - {n:05d}", "KLE": f"32.18.{n:02d}", "Center": f"C{n % 4:02d}"} for n in range(40)]
NEXT = "      - name: registered_at\n"
WORDS = (
    "      - {property: timezone, value: Europe/Copenhagen}\n",
    "      - {property: wordsForNothing, value: [vides-ikke]}\n",
)
CHANNEL = """      - name: channel
        physicalName: Kanal
        logicalType: string
        classification: internal
"""


def counts(result) -> dict[str, int]:
    table = result.loads[-1].tables["complaints"]
    return {name: value for name, value in vars(table).items() if value}


def test_delivery_changing_most_is_refused(settings, deliver):
    deliver(*ROWS)
    extract(settings, "bif_complaints")
    deliver(*(row | {"Tema": "vejledning"} for row in ROWS), cutoff="2025-01-03")
    with pytest.raises(DeliveryRefused) as refusal:
        extract(settings, "bif_complaints")
    said = str(refusal.value)
    assert "would change 40 of 40 known rows (100.0 %) of complaints; the contract allows 50 %" in said
    assert "theme_id is filled or written otherwise in every row" in said
    assert "vejledning" not in said
    by = ("A. Hansen", "the themes were renamed on 2 January")
    result = extract(settings, "bif_complaints", allow_changes=by)
    assert counts(result) == {"delivered": 40, "changed": 40}
    with connect(settings, LOADER) as connection:
        load = connection.execute("select * from audit.load where load_id = %s", [result.loads[-1].load_id]).fetchone()
    assert load and (load["changes_allowed_by"], load["changes_allowed_reason"]) == by


def test_shifted_keys_are_recognised(settings, deliver):
    """The system renumbers its cases by one, so that every known key holds what its neighbour held."""
    deliver(*ROWS)
    extract(settings, "bif_complaints")
    shifted = [row | {"Sagsnummer": ROWS[(n + 1) % 40]["Sagsnummer"]} for n, row in enumerate(ROWS)]
    deliver(*shifted, cutoff="2025-01-03")
    with pytest.raises(DeliveryRefused, match="keys were shifted: 40 rows hold what another key held"):
        extract(settings, "bif_complaints")


ALIKE = [row | {"KLE": f"32.18.{n % 3:02d}", "Center": "C01"} for n, row in enumerate(ROWS)]


@pytest.mark.parametrize("rows", [ROWS, ALIKE], ids=["each_of_its_own", "three_kinds_alike_beside_the_key"])
def test_renumbered_keys_are_recognised(settings, deliver, rows):
    """For each content as many rows came as went."""
    deliver(*rows)
    extract(settings, "bif_complaints")
    deliver(*(row | {"Sagsnummer": row["Sagsnummer"].replace("2024", "2034")} for row in rows), cutoff="2025-01-03")
    with pytest.raises(DeliveryRefused, match="40 of 40 rows of complaints have another key than before"):
        extract(settings, "bif_complaints")


def test_old_export_as_new_cutoff_is_named(settings, deliver):
    deliver(*ROWS)
    extract(settings, "bif_complaints")
    deliver(*ROWS, {"Sagsnummer": "2024 - 99999"}, cutoff="2025-01-03")
    assert "byte for byte" not in extract(settings, "bif_complaints").message
    deliver(*ROWS, cutoff="2025-01-04")
    said = extract(settings, "bif_complaints").message
    assert "klager_2025-01-04.csv is byte for byte the file of delivery 2025-01-02, and others came since" in said
    deliver(*ROWS, cutoff="2025-01-05")
    assert "byte for byte" not in extract(settings, "bif_complaints").message, "the same as the newest is no news"


def test_small_share_of_changes_is_accepted(settings, deliver):
    deliver(*ROWS)
    extract(settings, "bif_complaints")
    deliver(*(row | {"Tema": "vejledning"} for row in ROWS[:20]), *ROWS[20:], cutoff="2025-01-03")
    assert counts(extract(settings, "bif_complaints")) == {"delivered": 40, "changed": 20, "unchanged": 20}


def test_identity_change_waits_for_allowance(own_contract, deliver, rejects):
    settings = own_contract(
        (f"value: true}}]\n{NEXT}", f"value: true}}, {{property: mayChange, value: false}}]\n{NEXT}"),
    )
    many = [{"Sagsnummer": f"2022 - {n:05d}"} for n in range(200)]
    deliver(*many)
    extract(settings, "bif_complaints")
    other = many[0] | {"Modtaget": "2021-05-02T09:15:00"}
    deliver(other, *many[1:], cutoff="2025-01-03")
    assert counts(extract(settings, "bif_complaints")) == {
        "delivered": 200, "rejected": 1, "unchanged": 199, "held": 1,
    }  # fmt: skip
    assert rejects() == [(2, "2022-00000", "received_at", "identity_changed", True)]
    deliver(other, *many[1:], cutoff="2025-01-04")
    result = extract(settings, "bif_complaints", allow_changes=("A. Hansen", "it was registered wrongly"))
    assert counts(result) == {"delivered": 200, "changed": 1, "unchanged": 199}
    assert rejects() == []


def test_blank_record_does_not_stop_closures(settings, inbox, deliver, open_rows):
    many = [{"Sagsnummer": f"2022 - {n:05d}"} for n in range(200)]
    deliver(*many)
    extract(settings, "bif_complaints")
    deliver(*many[:199], cutoff="2025-01-03")
    file = inbox / "bif_complaints/klager_2025-01-03.csv"
    file.write_text(file.read_text() + "," * (len(COMPLAINT) - 1) + "\r\n", newline="")
    assert counts(extract(settings, "bif_complaints")) == {
        "delivered": 199, "closed": 1, "unchanged": 199,
    }  # fmt: skip
    assert len(open_rows()) == 199


def test_older_correction_stands_beside(settings, deliver, open_rows):
    deliver(*ROWS[:39], cutoff="2025-02-03")
    first = extract(settings, "bif_complaints").loads[-1].load_id
    deliver(*ROWS, cutoff="2025-02-04")
    extract(settings, "bif_complaints")
    today = open_rows()
    deliver(*ROWS[:38], ROWS[38] | {"Tema": "vejledning"}, cutoff="2025-02-03")
    result = extract(settings, "bif_complaints")
    assert result.outcome == "beside"
    assert f"The older delivery 2025-02-03 is another one than load {first} took in" in result.message
    assert open_rows() == today
    assert extract(settings, "bif_complaints").outcome == "nothing_new"


class TestReadAnew:
    """The contract or our code reads a text differently. The source has changed nothing."""

    def test_new_word_for_nothing_is_no_change(self, own_contract, deliver):
        rows = [row | {"Henvisers sagsnummer": "vides-ikke"} for row in ROWS]
        settings = own_contract()
        deliver(*rows)
        first = extract(settings, "bif_complaints").loads[-1].load_id
        settings = own_contract((WORDS[0], WORDS[0] + WORDS[1]))
        deliver(*rows, cutoff="2025-01-03")
        result = extract(settings, "bif_complaints")
        assert counts(result) == {"delivered": 40, "unchanged": 40}
        assert f"Load {first} was read by another contract or code. It was read anew as load" in result.message
        assert read_anew(settings, first) == {"rows_reread": 40, "rows_changed": 0, "rows_opened": 0}

    def test_row_changed_by_source_is_counted(self, own_contract, deliver):
        rows = [row | {"Henvisers sagsnummer": "vides-ikke"} for row in ROWS]
        settings = own_contract()
        deliver(*rows)
        extract(settings, "bif_complaints")
        settings = own_contract((WORDS[0], WORDS[0] + WORDS[1]))
        deliver(rows[0] | {"Tema": "vejledning"}, *rows[1:], cutoff="2025-01-03")
        assert counts(extract(settings, "bif_complaints")) == {"delivered": 40, "changed": 1, "unchanged": 39}

    def test_without_files_no_limit_applies(self, own_contract, deliver, admin_url):
        rows = [row | {"Henvisers sagsnummer": "vides-ikke"} for row in ROWS]
        settings = own_contract()
        deliver(*rows)
        extract(settings, "bif_complaints")
        with psycopg.connect(admin_url) as connection:
            connection.execute("update audit.landed_file set purged_at = now(), purged_because = 'retention'")
        settings = own_contract((WORDS[0], WORDS[0] + WORDS[1]))
        deliver(*rows, cutoff="2025-01-03")
        result = extract(settings, "bif_complaints")
        assert counts(result) == {"delivered": 40, "reread": 40}
        assert "cannot be told from what is read otherwise, and no limit on changes was applied" in result.message

    def test_new_column_writes_only_filled_rows(self, own_contract, deliver, inbox, admin_url):
        """The contract gains a column before others. Of 40 rows it is filled in one, and empty in the rest."""
        plain = own_contract()
        deliver(*ROWS)
        extract(plain, "bif_complaints")
        gained = own_contract(("      - name: received_at\n", f"{CHANNEL}      - name: received_at\n"))
        with psycopg.connect(admin_url) as connection:
            raw_tables.sync_raw_tables(connection, load_contracts(gained).values())
        deliver(*ROWS, cutoff="2025-01-03")
        rows = [COMPLAINT | row | {"Kanal": "brev" if n == 7 else ""} for n, row in enumerate(ROWS)]
        write(inbox, "bif_complaints/klager_2025-01-03.csv", as_csv(rows, [*COMPLAINT, "Kanal"]))
        assert counts(extract(gained, "bif_complaints")) == {"delivered": 40, "reread": 1, "unchanged": 39}
        with psycopg.connect(admin_url) as connection:
            versions = connection.execute(
                "select count(*), count(channel) from raw.bif_complaints__complaints"
            ).fetchone()
        assert versions == (41, 1)

    def test_column_added_and_removed_is_no_change(self, own_contract, deliver, inbox, admin_url):
        plain = own_contract()
        deliver(*ROWS)
        extract(plain, "bif_complaints")

        def with_channel(cutoff: str) -> None:
            deliver(*ROWS, cutoff=cutoff)
            rows = [COMPLAINT | row | {"Kanal": f"kanal {n}"} for n, row in enumerate(ROWS)]
            write(inbox, f"bif_complaints/klager_{cutoff}.csv", as_csv(rows, [*COMPLAINT, "Kanal"]))

        gained = own_contract(("      - name: received_at\n", f"{CHANNEL}      - name: received_at\n"))
        with psycopg.connect(admin_url) as connection:
            raw_tables.sync_raw_tables(connection, load_contracts(gained).values())
        with_channel("2025-01-03")
        assert counts(extract(gained, "bif_complaints")) == {"delivered": 40, "reread": 40}
        with_channel("2025-01-04")
        assert counts(extract(gained, "bif_complaints")) == {"delivered": 40, "unchanged": 40}
        lost = own_contract((CHANNEL, ""))
        deliver(*ROWS, cutoff="2025-01-05")
        assert counts(extract(lost, "bif_complaints")) == {"delivered": 40, "unchanged": 40}

    def test_other_star_name_is_same_reading(self, own_contract, settings):
        before = reading_digest(find_contract(settings, "bif_complaints"))
        renamed = own_contract(("starName, value: complaint_type_id", "starName, value: kind_of_complaint"))
        assert reading_digest(find_contract(renamed, "bif_complaints")) == before

    def test_replay_of_newest_ignores_limit(self, own_contract, deliver):
        rows = [row | {"Henvisers sagsnummer": "vides-ikke"} for row in ROWS]
        settings = own_contract()
        deliver(*rows)
        first = extract(settings, "bif_complaints").loads[-1].load_id
        settings = own_contract((WORDS[0], WORDS[0] + WORDS[1]))
        assert counts(replay(settings, first)) == {"delivered": 40, "reread": 40}


def read_anew(settings, load_id: int):
    with connect(settings, LOADER) as connection:
        return connection.execute(
            "select rows_reread, rows_changed, rows_opened from audit.load_table"
            " inner join audit.load using (load_id) where of_load = %s and table_name = 'complaints'",
            [load_id],
        ).fetchone()
