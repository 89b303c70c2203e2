"""Commands about alerts: try the channels, and tell what is due without Airflow."""

import typer

from kvalitet.cli.output import console
from kvalitet.settings import Settings

alert = typer.Typer(help="Alerts by mail and webhook: try them, or send what is due.", no_args_is_help=True)


def add_to(app: typer.Typer) -> None:
    """Give the command line the commands of this module."""
    app.add_typer(alert, name="alert")


@alert.command("test", epilog="Example: `KVALITET_ALERT_WEBHOOK=https://chat.example.dk/hooks/… kvalitet alert test`")
def test() -> None:
    """Send a message that says it is a test on every channel that is set up."""
    from kvalitet.alerts import send_test

    for channel in send_test(Settings.from_environment()):
        console.print(f"{channel}: the test message was accepted.")


@alert.command("send", epilog="Example: `kvalitet night; kvalitet alert send` for nights without Airflow")
def send() -> None:
    """Tell what is due and was not told yet; Airflow does this by itself. Exit code 1 where a channel fails."""
    from kvalitet.alerts import send as step

    told = step(Settings.from_environment(), morning=True)
    if not told:
        console.print("No alerts are set up: docs/runbook.md, Alerts.")
    for channel, events in told.items():
        console.print(f"{channel}: {', '.join(events) or 'nothing new to tell'}")
