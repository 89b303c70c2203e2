"""Brings the rows of a delivered table into the database, beside its history."""

from psycopg import sql

from kvalitet.intake.pseudonyms import ERASED
from kvalitet.intake.raw_tables import RAW_TYPES
from kvalitet.intake.reading import Reading
from kvalitet.intake.row_hash import hash_sql
from kvalitet.intake.table_load import TableLoad


def receive(load: TableLoad, reading: Reading) -> None:
    """Load what is read into the temporary table `incoming`. Rows of erased persons stay without a person."""
    types = [
        sql.SQL("{} {}").format(sql.Identifier(name), RAW_TYPES[kind])
        for name, kind in load.table.raw_columns().items()
    ]
    load.run(
        "create temporary table {incoming} ({types}, row_hash text, row_key text,"
        " row_digest text, problems text, row_number bigint) on commit drop",
        types=sql.SQL(", ").join(types),
    )
    load.cursor.adbc_ingest(f"incoming_{load.table.name}", reading.batches, mode="append", temporary=True)
    load.run("analyze {incoming}")
    _keep_erased(load)


def _keep_erased(load: TableLoad) -> None:
    """Keep a case whose person was erased without a person, whatever the source delivers of it."""
    persons = [c.name for c in load.table.columns if c.classification == "personal"]
    if not persons or not load.row("select exists (select from audit.person_erasure)")[0]:
        return
    emptied = {c.name: sql.SQL("null") for c in load.table.columns if c.classification == "sensitive" and c.is_landed}
    for name in persons:
        changed: dict[str, sql.Composable] = {name: sql.Identifier("r", name), **emptied}
        load.run(
            "update {incoming} i set {changes}, row_hash = {hash} from (select distinct on ({keys}) * from {raw}"
            " where starts_with({column}, {erased}) order by {keys}, valid_from_load desc) r"
            " where {same_key} and i.problems is null",
            changes=sql.SQL(", ").join(
                sql.SQL("{} = {}").format(sql.Identifier(column), value) for column, value in changed.items()
            ),
            hash=hash_sql(load.table, "i", changed),
            column=sql.Identifier(name),
            erased=sql.Literal(ERASED),
        )
