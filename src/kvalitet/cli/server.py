"""Commands about the servers of an installation: start and end them, and set up the warehouse in one."""

from typing import Annotated

import typer

from kvalitet.cli.output import console, plain
from kvalitet.settings import Settings


def add_to(app: typer.Typer) -> None:
    """Give the command line the commands of this module."""
    app.command(epilog="Example: `kvalitet up --without-airflow`")(up)
    example = "Example: `kvalitet admin-sql | psql 'host=db.example.dk user=postgres dbname=postgres'`"
    app.command("admin-sql", epilog=example)(admin_sql)
    app.command(epilog="Example: `KVALITET_ADMIN_URL=postgresql://kvalitet_migrator:…@db/kvalitet kvalitet migrate`")(
        migrate
    )
    app.command()(down)


def up(
    without_airflow: Annotated[bool, typer.Option("--without-airflow", help="Only the warehouse.")] = False,
    wait: Annotated[
        bool, typer.Option("--wait", help="Where settings have changed while a night runs: wait for its end.")
    ] = False,
    now: Annotated[bool, typer.Option("--now", help="Do not: break the night off; its tasks are tried again.")] = False,
) -> None:
    """Start the warehouse and Airflow on this machine, and mend what stands still; what runs well is left as it is."""
    from kvalitet.services import up as step

    step(Settings.from_environment(), with_airflow=not without_airflow, wait=wait, now=now)


def admin_sql(
    login: Annotated[
        str, typer.Option(help="The login that KVALITET_ADMIN_URL will name; made where it does not exist.")
    ] = "kvalitet_migrator",
    without_airflow: Annotated[
        bool, typer.Option("--without-airflow", help="Airflow's own database is elsewhere.")
    ] = False,
) -> None:
    """Print the SQL that the administrator of a server of your own runs once. It holds no password."""
    from kvalitet.services.airflow import database_name
    from kvalitet.warehouse.admin_sql import admin_sql as text
    from kvalitet.warehouse.rights import airflow_rights, warehouse_rights

    settings = Settings.from_environment()
    airflow = [] if without_airflow else airflow_rights(database_name(settings), login)
    typer.echo(text(settings.database, warehouse_rights(settings.database, login), airflow))


def migrate() -> None:
    """Make roles, migrations and raw tables; needs the admin's connection in KVALITET_ADMIN_URL."""
    from kvalitet.services import migrate as step

    prepared = step(Settings.from_environment())
    for added in prepared.added:
        console.print(f"added {added}")
    for right in prepared.lacking:
        console.print(plain(right.news))


def down() -> None:
    """End everything that `up` started, and nothing else."""
    from kvalitet.services import down as step

    step(Settings.from_environment())
