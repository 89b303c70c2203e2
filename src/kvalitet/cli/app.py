"""The command line. Every command calls the same step function as its Airflow task."""

import io
import json
import os
import sys
from importlib.metadata import entry_points
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from rich.console import Console

from kvalitet.cli import (
    administration,
    alert,
    backup,
    evidence,
    indicator,
    landing,
    mutation,
    past,
    person,
    rejects,
    server,
    source,
)
from kvalitet.cli.output import Json, console, day, local_inbox, plain, print_rows, show_progress
from kvalitet.errors import KvalitetError, as_disk_full
from kvalitet.settings import LOGIN_ROLES, Settings
from kvalitet.warehouse.kept_text import is_text

app = typer.Typer(
    name="kvalitet",
    help="Quality indicators of a public administration: from delivery to published figure.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def main() -> None:
    """Entry point: an expected failure ends with what happened and what to do, not a traceback."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a terminal of another encoding gets what it cannot show as escapes
            stream.reconfigure(errors="backslashreplace")
    try:
        _check_arguments()
        app()
    except KvalitetError as error:
        _stop(error)
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception as error:
        full = as_disk_full(error)
        if full is None:
            raise
        _stop(full)


def _stop(error: KvalitetError) -> NoReturn:
    Console(stderr=True, highlight=False).print(f"[bold red]Stopped.[/] {plain(error.what)}")
    if error.remedy:
        Console(stderr=True, highlight=False).print(f"[bold]What to do:[/] {plain(error.remedy)}")
    sys.exit(1)


def _check_arguments() -> None:
    """Raises KvalitetError where an argument, or a variable of ours, is not in UTF-8: it could not even be printed."""
    given = {f"Argument {number}": text for number, text in enumerate(sys.argv[1:], 1)}
    given |= {name: text for name, text in os.environ.items() if name.startswith("KVALITET_")}
    if wrong := [name for name, text in given.items() if not is_text(text)]:
        raise KvalitetError(f"{wrong[0]} holds bytes that are no UTF-8.", "Type it in a terminal set to UTF-8.")


def _settings() -> Settings:
    return Settings.from_environment()


@app.command(epilog="Example: `kvalitet extract bif_complaints --allow-closures 'A. Hansen: centre C03 was closed'`")
def extract(
    source: Annotated[str, typer.Argument(help="The contract's id, e.g. bif_complaints.")],
    allow_closures: landing.AllowClosures = None,
    allow_changes: landing.AllowChanges = None,
    allow_jump: landing.AllowJump = None,
) -> None:
    """Take in the new deliveries of one source."""
    from kvalitet.intake import extract as step

    result = step(
        _settings(),
        source,
        landing.who_and_why(allow_closures),
        allow_changes=landing.who_and_why(allow_changes),
        allow_jump=landing.who_and_why(allow_jump),
    )
    console.print(f"{source}: {result.outcome}. {plain(result.message)}")
    landing.print_loads(result)


@app.command(epilog="Example: `kvalitet contract example/administration/contracts/bif_complaints.odcs.yaml`")
def contract(file: Annotated[Path, typer.Argument(exists=True, dir_okay=False)]) -> None:
    """Read an ODCS contract: what is missing before intake may start, and what is not used here."""
    from kvalitet.contracts import read_beside
    from kvalitet.contracts.staging import not_delivered

    result, stopped = read_beside(_settings(), file)
    console.print(f"{plain(result.title)} ({plain(result.id)} {plain(result.version)}): {len(result.tables)} tables")
    for path in result.unused:
        console.print(f"  not used here: {plain(path)}")
    for table in result.tables.values():
        for name, star_name in table.star_names().items():
            if star_name != name:
                console.print(f"  {plain(table.name)}.{plain(name)} is {plain(star_name)} from staging on")
    for name in not_delivered(_settings(), result):
        console.print(f"  the models expect {plain(name)}, which the contract does not name: it stays empty")
    for rule in result.quality:
        said = f"measured as {rule.measured_as}" if rule.is_measured else f"not measured: {rule.not_measured_because}"
        console.print(f"  rule {plain(rule.id)}: {plain(said)}")
    for other in stopped:
        console.print(f"  stops {plain(other.id)}, which would read the same files: take one of the two away")
    if result.problems:
        problems = "\n".join(f"  - {problem}" for problem in result.problems)
        raise KvalitetError(f"Intake cannot start on {file.name}:\n{problems}", "Add what is missing to the contract.")
    console.print("Ready for intake.")


@app.command(epilog="Example: `kvalitet build --as-recorded 1` rebuilds publication 1 into a schema of its own.")
def build(
    as_of: Annotated[str | None, typer.Option(help="As-of date, yyyy-mm-dd; default: the latest cut-off.")] = None,
    as_recorded: Annotated[int | None, typer.Option(help="Rebuild this publication from its recorded loads.")] = None,
) -> None:
    """Build the star from what has been taken in, ready for the gate."""
    from kvalitet.build.builds import begin_build, fail_if_live
    from kvalitet.build.transform import LAYERS, build_layer
    from kvalitet.publication import finish_candidate

    settings = _settings()
    if as_recorded is not None:
        past.rebuild(settings, as_recorded)
        return
    begun = begin_build(settings, owner="kvalitet build", as_of_date=day(as_of))
    console.print(f"Build {begun.build_id} into {begun.target_schema}, as of {begun.as_of_date}.")
    try:
        for layer in LAYERS:
            result = build_layer(settings, begun.build_id, layer)
            console.print(f"  {layer}: {len(result.models)} models, {result.rows:,} rows, {result.seconds:.1f} s")
        finish_candidate(settings, begun.build_id)
    except BaseException:
        fail_if_live(settings, begun.build_id, "Failed in `kvalitet build`.")
        raise
    console.print(f"Next: kvalitet validate {begun.build_id}")


@app.command(epilog="Example: `kvalitet validate 12`")
def validate(build_id: Annotated[int, typer.Argument(help="The build to judge.")]) -> None:
    """Let the gate judge a build; exit code 1 where it is held back."""
    from kvalitet.nights.night import validate_and_report

    verdict = validate_and_report(_settings(), build_id)
    console.print(f"Build {build_id} passed the gate: {verdict.counted}.")


@app.command(epilog="Example: `kvalitet publish 12`")
def publish(build_id: Annotated[int, typer.Argument(help="A build that passed the gate.")]) -> None:
    """Let readers see a build that passed; one transaction, readers notice nothing."""
    from kvalitet.nights.night import publish_once, report
    from kvalitet.verification.outbox import work_off

    settings = _settings()
    publication_id = publish_once(settings, build_id)
    report(settings, build_id, publication_id)
    console.print(f"Build {build_id} is publication {publication_id}.")
    work_off(settings)


@app.command(epilog="Example: `kvalitet night`")
def night() -> None:
    """The whole night without Airflow: extract, build, gate, publish, report, anchor.

    Exit code 0 only with a publication and with nothing left to anchor.
    """
    from kvalitet.nights.night import run_night
    from kvalitet.nights.summary import print_result
    from kvalitet.verification.outbox import due

    settings = _settings()
    result = run_night(settings, progress=show_progress)
    print_result(settings, console, result)
    if result.publication_id is None or due(settings):
        raise typer.Exit(1)


@app.command(epilog="Example: `kvalitet run --complaints 20000`")
def run(
    complaints: Annotated[int, typer.Option(min=2000, help="Size of the sample, where there is one.")] = 6000,
    sample_deliveries: Annotated[
        bool, typer.Option("--sample/--no-sample", help="Put the administration's sample deliveries in the inbox.")
    ] = True,
) -> None:
    """One night through Airflow's scheduler, started if need be. Exit code 0 only with a publication.

    A night that an interrupted call had begun is gone on with; the next one is not delivered before it has ended.
    Where KVALITET_AIRFLOW_URL names an Airflow, as in the containers, nothing is started. Sample deliveries are made
    where the administration's administration.yaml names who makes them.
    """
    from kvalitet import services
    from kvalitet.nights.running import run_through_airflow
    from kvalitet.sample import find_sample

    settings = _settings() if services.is_elsewhere() else services.up(_settings())
    name = settings.administration.stated.sample if sample_deliveries else None
    if name is None:
        result = run_through_airflow(settings, console)
    else:
        sample, inbox = find_sample(name), local_inbox(settings)

        def plan() -> dict[str, int]:
            return {"night": sample.next_night(inbox), "complaints": complaints}

        def deliver(night: int, complaints: int) -> None:
            if sample.next_night(inbox) > night:
                return  # by the call that was interrupted
            with console.status(f"Night {night} is delivered"):
                files = sample.deliver(inbox, night=night, complaints=complaints)
            console.print(f"Night {night}: {len(files)} files delivered to {inbox}")

        result = run_through_airflow(settings, console, plan, deliver)
    if result.publication_id is None:
        raise typer.Exit(1)


@app.command(epilog="Example: `kvalitet status --json | jq .publication`")
def status(
    as_json: Json = False,
    source: Annotated[str | None, typer.Option(help="Only this source, with its open rejects by rule.")] = None,
) -> None:
    """What runs, what is wrong with it, and what was taken in, built, held back and published."""
    from kvalitet.cli.status import read_services, read_status

    settings, unreachable = _settings(), None
    facts = {} if source else read_services(settings)
    try:
        facts |= read_status(settings, source)
    except KvalitetError as error:
        unreachable = error  # what runs is shown all the same
    if as_json:
        typer.echo(json.dumps(facts, default=str, ensure_ascii=False, indent=2))
    else:
        for title, rows in facts.items():
            print_rows(title, rows)
    if unreachable:
        raise unreachable


@app.command("supervision-sample", epilog="Example: `kvalitet supervision-sample --area sanktioner --out liste.xlsx`")
def supervision_sample(
    out: Annotated[Path, typer.Option(help="The .csv or .xlsx file to write; only its owner can read it.")],
    area: Annotated[str | None, typer.Option(help="Only this risk area, e.g. sanktioner.")] = None,
) -> None:
    """Export the cases drawn for supervision, as the named reader: only of the centres that were granted."""
    from kvalitet.reports.supervision_list import export_sample

    sample = export_sample(_settings(), out, area)
    console.print(
        f"{sample.cases} cases of {', '.join(sample.centres)} in {sample.file}"
        f" (round {sample.round_id}, seed {plain(sample.seed)})."
    )


@app.command(epilog="Example: `kvalitet rollback --reason 'wrong law for complaints of 2024'`")
def rollback(reason: Annotated[str, typer.Option(help="Why; it is kept in the ledger.")]) -> None:
    """Let readers see the previous publication again."""
    from kvalitet.publication import rollback as step
    from kvalitet.verification.outbox import work_off

    settings = _settings()
    publication = step(settings, reason)
    console.print(f"Readers see publication {publication.publication_id} again.")
    work_off(settings)


@app.command(epilog="Example: `psql $(kvalitet dsn --role bi)`")
def dsn(
    role: Annotated[str, typer.Option(help="bi, detail, auditor, loader, transformer, gate or publisher.")],
) -> None:
    """Print a role's connection address, with its password."""
    name = f"kvalitet_{role}"
    if name not in LOGIN_ROLES:
        known = ", ".join(known.removeprefix("kvalitet_") for known in LOGIN_ROLES)
        raise KvalitetError(f"There is no role {role}.", f"Roles: {known}.")
    typer.echo(_settings().dsn(name))


server.add_to(app)
source.add_to(app)
administration.add_to(app)
indicator.add_to(app)
# Listed after the steps of a night.
past.add_to(app)
mutation.add_to(app)
evidence.add_to(app)
rejects.add_to(app)
landing.add_to(app)
person.add_to(app)
alert.add_to(app)
backup.add_to(app)
for plugin in entry_points(group="kvalitet.commands"):  # of packages that are not the product
    plugin.load()(app)
