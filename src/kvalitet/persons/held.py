"""Everything held on one person, as the answer to a request for access."""

from typing import Any

from psycopg import sql

from kvalitet.persons.number import Number
from kvalitet.persons.originals import search
from kvalitet.persons.places import made_tables, person_tables
from kvalitet.settings import TRANSFORMER, Settings
from kvalitet.warehouse.connection import connect


def held(settings: Settings, number: Number) -> dict[str, list[dict[str, Any]]]:
    """Rows of raw by table, history included, and kept files with how many of their records name the person.

    A row says from which delivery's cut-off it is valid (`from_delivery`) and until which (`until_delivery`). The
    pseudonym itself is left out. Raises KvalitetError where a key is missing.
    """
    pseudonyms = number.pseudonyms(settings.pseudonym_keys())
    found: dict[str, list[dict[str, Any]]] = {}
    with connect(settings, TRANSFORMER) as connection:
        for place in made_tables(connection, person_tables(settings)):
            shown = [name for name in place.table.raw_columns() if name not in place.columns]
            query = sql.SQL(
                "select {shown}, opened.delivery as from_delivery, closed.delivery as until_delivery"
                " from {raw} as r left join audit.load as opened on opened.load_id = r.valid_from_load"
                " left join audit.load as closed on closed.load_id = r.valid_to_load"
                " where {is_person} order by {keys}, r.valid_from_load"
            ).format(
                shown=sql.SQL(", ").join(sql.Identifier("r", name) for name in shown),
                raw=sql.Identifier("raw", place.table.raw_name),
                is_person=sql.SQL(" or ").join(
                    sql.SQL("{} = any(%(pseudonyms)s)").format(sql.Identifier("r", name)) for name in place.columns
                ),
                keys=sql.SQL(", ").join(sql.Identifier("r", name) for name in place.table.key),
            )
            rows = connection.execute(query, {"pseudonyms": pseudonyms}).fetchall()
            if rows:
                found[place.table.raw_name] = rows
    files = [
        {"source_id": hit.source_id, "file_name": hit.file_name, "records": hit.records, "kept_until": hit.kept_until}
        for hit in search(settings, number)
    ]
    if files:
        found["kept files"] = files
    return found
