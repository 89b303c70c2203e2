"""Encrypts and names Airflow's asyncpg connections: airflow.cfg's sql_alchemy_connect_args_async.

SQLAlchemy hands an address' parameters on as they are, and asyncpg knows none of libpq's by name. `sslmode` in the
address would be an error, and `ssl=verify-full` would look for the authority elsewhere. Nor does asyncpg read
PGAPPNAME, by which the sessions of a start are identified.
"""

import os
from typing import Any

from kvalitet.settings import Settings
from kvalitet.settings.address import Tls


def asyncpg_arguments(tls: Tls) -> dict[str, Any]:
    """The arguments of asyncpg.connect(). Empty where nothing was stated."""
    return {} if tls.sslmode is None else {"ssl": tls.context() or False}


connect_args_async = asyncpg_arguments(Settings.from_environment().tls) | {
    "server_settings": {"application_name": os.environ.get("PGAPPNAME", "kvalitet")}
}
