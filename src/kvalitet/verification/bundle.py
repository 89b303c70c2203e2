"""The evidence of one publication as one file that can be checked without us and without a network."""

import json
import zipfile
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from typing import IO

import jinja2
import psycopg
from psycopg import sql
from psycopg.rows import DictRow

from kvalitet.errors import KvalitetError
from kvalitet.evidence.canonical import reading, table_rows, write
from kvalitet.evidence.chain import read_envelope
from kvalitet.evidence.signing import public_key_file
from kvalitet.evidence.statement import form_of_statement
from kvalitet.publication.digest import fix_session, tables_of
from kvalitet.settings import AUDITOR, Settings
from kvalitet.warehouse.connection import connect

REPORTING = "reporting"
#: A fixed time, because a zip file notes one per member. So the same evidence gives the same bytes.
_NOTED = (1980, 1, 1, 0, 0, 0)


def write_bundle(settings: Settings, publication_id: int, out: Path) -> int:
    """Write the evidence of the publication that readers see to the zip file `out`. Returns its number of row tables.

    It holds the ledger from its first entry to the newest, the rows of every table that BI tools may read (no case, no
    hidden count), the public key and `verify.py`. Reads as auditor. Raises KvalitetError where readers see another
    publication (its rows are gone) or it has no certificate.
    """
    with connect(settings, AUDITOR) as connection:
        _refuse_unless_seen(connection, publication_id)
        ledger = connection.execute(
            "select entry, publication_id, envelope from audit.certificate order by entry"
        ).fetchall()
        mine = [row for row in ledger if row["publication_id"] == publication_id]
        if not mine:
            raise KvalitetError(
                f"Publication {publication_id} has no certificate: it is older than the ledger.",
                "The next publication will have one.",
            )
        tables = [
            row["table_name"]
            for row in connection.execute(
                "select table_name from reporting.table_reader where reader = 'bi' and table_name <> 'publication'"
                " order by table_name"
            )
        ]
        part = out.with_name(out.name + ".part")
        try:
            with zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED) as bundle:
                for row in ledger:
                    _add(bundle, f"ledger/{row['entry']:06}.json", row["envelope"].encode())
                statement = json.loads(read_envelope(mine[-1]["envelope"]).payload)
                form = form_of_statement(statement)
                with reading(settings, AUDITOR) as cursor:
                    for name in tables:
                        member = _member(f"tables/{name}.{'jsonl' if form == 1 else 'tsv'}")
                        with bundle.open(member, "w", force_zip64=True) as rows:
                            if form == 1:
                                _write_rows(connection, name, rows)
                            else:
                                write(cursor, table_rows(cursor, REPORTING, name), rows)
                _add(bundle, "public-key.pem", public_key_file(settings).read_bytes())
                _add(bundle, "verify.py", files("kvalitet.verification").joinpath("standalone.py").read_bytes())
                _add(bundle, "index.html", _page(statement, ledger, tables).encode())
            part.replace(out)
        finally:
            part.unlink(missing_ok=True)
    return len(tables)


def _refuse_unless_seen(connection: psycopg.Connection[DictRow], publication_id: int) -> None:
    seen = None
    if tables_of(connection, REPORTING):
        seen = connection.execute("select publication_id from reporting.publication").fetchone()
    if seen is None or seen["publication_id"] != publication_id:
        raise KvalitetError(
            f"Readers see {'publication ' + str(seen['publication_id']) if seen else 'nothing'}, not publication"
            f" {publication_id}.",
            "Export the evidence while a publication is the one that readers see, as the night does.",
        )


def _write_rows(connection: psycopg.Connection[DictRow], table: str, out: IO[bytes]) -> None:
    """Write a table in form 1: one JSON string per row, with its text as the server prints it, in digest order."""
    fix_session(connection)
    query = sql.SQL("select t::text as line from {} as t order by sha256(convert_to(t::text, 'UTF8'))")
    with connection.cursor(name="evidence") as cursor:
        for row in cursor.execute(query.format(sql.Identifier(REPORTING, table))):
            out.write(json.dumps(row["line"], ensure_ascii=False).encode() + b"\n")


def _page(statement: dict, ledger: list[DictRow], tables: list[str]) -> str:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("kvalitet.verification", "."), autoescape=True, undefined=jinja2.StrictUndefined
    )
    predicate = statement["predicate"]
    counts: dict[str, int] = {}
    for check in predicate["checks"]:
        counts[check["status"]] = counts.get(check["status"], 0) + 1
    made = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
    return environment.get_template("bundle.html.j2").render(
        p=predicate, subjects=statement["subject"], entries=len(ledger), tables=tables, counts=counts, made=made
    )


def _add(bundle: zipfile.ZipFile, name: str, content: bytes) -> None:
    bundle.writestr(_member(name), content)


def _member(name: str) -> zipfile.ZipInfo:
    member = zipfile.ZipInfo(name, _NOTED)
    member.compress_type = zipfile.ZIP_DEFLATED
    member.external_attr = 0o644 << 16
    return member
