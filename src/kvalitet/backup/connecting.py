"""The admin's connection, as backups and restores use it."""

import psycopg
from psycopg.conninfo import make_conninfo
from psycopg.rows import DictRow, dict_row

from kvalitet.errors import KvalitetError
from kvalitet.settings.address import ACTING_PATH


def connect_admin(url: str) -> psycopg.Connection[DictRow]:
    """An autocommit connection whose rows are dictionaries. Raises KvalitetError where the server refuses it."""
    try:
        return psycopg.Connection[DictRow].connect(
            make_conninfo(url, connect_timeout=10, application_name="kvalitet backup", options=ACTING_PATH),
            autocommit=True,
            row_factory=dict_row,
        )
    except psycopg.OperationalError as error:
        raise KvalitetError(
            f"The warehouse cannot be reached as admin: {str(error).strip().splitlines()[-1]}",
            "Start it with `kvalitet up --without-airflow`, or check KVALITET_ADMIN_URL.",
        ) from None
