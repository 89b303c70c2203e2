"""Complaints delivered by hand, publications recorded without the gate, and the changes in a restatement of them."""

from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import psycopg
from kvalitet_example import organisation
from kvalitet_example.files import whole_file, write_quoted_csv
from kvalitet_example.plan import Plan
from psycopg.rows import dict_row

from kvalitet.build.builds import begin_build
from kvalitet.intake import extract
from kvalitet.past.rebuild import run_layers
from kvalitet.past.restatement import CAUSES, Restatement
from kvalitet.publication import ledger
from kvalitet.settings import Settings

COMPLAINT = dict.fromkeys(
    ("CPR", "Registreret", "Videresendt", "Besvaret", "Afgjort", "Henvist af", "Henvisers sagsnummer", "Lov", "Udfald",
     "Fritekst"), ""
) | {"Modtaget": "2023-05-02T09:15:00", "Registreret": "2023-05-02T10:00:00", "Svarfrist": "2023-05-30",
     "Klagetype": "formalitet", "Modtager": "forvaltningen", "Center": "C01", "Tema": "sagsbehandlingstid",
     "Lukket": "False", "KLE": "32.18.04"}  # fmt: skip


def deliver(settings: Settings, night: int, rows: list[dict[str, str]], without: tuple[str, ...] = ()) -> None:
    """Deliver a night's complaints with one point each and take them in, on the first night with the organisation."""
    inbox = Path(settings.inbox.removeprefix("file://"))
    plan = Plan()
    points = [{"Sagsnummer": row["Sagsnummer"], "Punkt": "1", "Tema": row["Tema"], "Vurdering": ""} for row in rows]
    for name, table in (("klager", rows), ("klagepunkter", points)):
        frame = pl.DataFrame(table).with_columns(pl.all().replace("", None)).drop(without, strict=False)
        with whole_file(inbox / f"bif_complaints/{name}_{plan.cutoff(night)}.csv") as out:
            write_quoted_csv(out, frame, True)
    if night == 1:
        organisation.deliver(inbox, plan, 1)
        assert extract(settings, "organisation").outcome == "accepted"
    assert extract(settings, "bif_complaints").outcome == "accepted"


def publish(settings: Settings, admin_url: str, number: int) -> None:
    """Build and record a publication without the gate, whose suites need whole sources."""
    build = begin_build(settings, owner="test")
    run_layers(settings, build, quiet)
    with psycopg.Connection[dict].connect(admin_url, row_factory=dict_row) as connection:
        ledger.record(connection, number, build.build_id, datetime.now(UTC))
        connection.execute("update audit.build set status = 'published' where build_id = %s", [build.build_id])


def changes(found: Restatement, indicator: str, measure: str) -> tuple:
    """The figure of the whole year 2023: before, the change by each cause, after."""
    (row,) = [
        row
        for row in found.figures
        if (row["indicator_id"], row["measure"], row["period_label"]) == (indicator, measure, "2023")
        and row["breakdown_kind"] == "ingen"
    ]
    return (row["value_from"], *(row[f"{cause}_change"] for cause in CAUSES), row["value_to"])


def quiet(step: str, detail: str) -> None:
    """Ignores a restatement's progress."""
