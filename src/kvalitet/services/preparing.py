"""Makes a warehouse ready for an installation: keys, roles, rights, migrations and raw tables. Needs the admin."""

import secrets
from contextlib import suppress
from dataclasses import dataclass

from kvalitet.contracts import load_contracts
from kvalitet.errors import KvalitetError
from kvalitet.evidence.signing import make_key
from kvalitet.intake.raw_tables import sync_raw_tables
from kvalitet.landing import make_keys
from kvalitet.persons.journal import begin_journal
from kvalitet.settings import Settings, write_secret
from kvalitet.warehouse.admin import (
    admin_connection,
    make_roles_and_database,
    migrate_schema,
    migrator,
    put_all_in_force,
    refuse_half_restored,
)
from kvalitet.warehouse.right import Right
from kvalitet.warehouse.rights import warehouse_rights


@dataclass(frozen=True)
class Prepared:
    """The raw tables and columns that were added, and the rights that are lacking but not essential."""

    added: list[str]
    lacking: list[Right]


def prepare(settings: Settings, admin_url: str) -> Prepared:
    """Make or bring up to date everything the warehouse needs. It is safe to run any number of times.

    `admin_url` is the admin's libpq URL of any database on the server. Raises KvalitetError on an old server, on a
    setting that is not in force and that the admin may not set, or on a contract whose column changed its type.
    """
    write_secret(settings.secrets_dir / "pseudonym.key", secrets.token_hex(32))
    make_key(settings)
    make_keys(settings)
    lacking = make_roles_and_database(settings, admin_url)
    with admin_connection(settings, admin_url, settings.database) as warehouse:
        refuse_half_restored(warehouse)
    opened = open_warehouse(settings, admin_url)
    return Prepared(opened.added, [*lacking, *opened.lacking])


def open_warehouse(settings: Settings, admin_url: str) -> Prepared:
    """Set rights on the database and in it, run migrations and make raw tables. Raises KvalitetError as `prepare`."""
    with admin_connection(settings, admin_url, settings.database) as warehouse:
        sections = warehouse_rights(settings.database, migrator(warehouse))
        lacking = put_all_in_force(settings, warehouse, [one for one in sections if one.opens_warehouse])
        migrate_schema(settings, admin_url)
        row = warehouse.execute("select installation_id from audit.installation").fetchone()
        with suppress(KvalitetError):  # where it cannot be written, an erasure is refused and says so
            begin_journal(settings, str(row and row[0]))
        with warehouse.transaction():
            added = sync_raw_tables(warehouse, load_contracts(settings).values())
    return Prepared(added, lacking)
