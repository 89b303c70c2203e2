"""Commands for whoever must believe the figures: verify, evidence, and other thresholds on what was counted."""

from pathlib import Path
from typing import Annotated

import typer

from kvalitet.cli.output import console, plain, print_rows
from kvalitet.errors import KvalitetError
from kvalitet.settings import Settings


def add_to(app: typer.Typer) -> None:
    """Give the command line the commands of this module."""
    app.command(epilog="Example: `kvalitet verify --public-key auditors-copy.pem --anchors anchors.txt`")(verify)
    app.command(epilog="Example: `kvalitet anchor`")(anchor)
    app.command(epilog="Example: `kvalitet evidence --publication 3 --out evidence-3.zip`")(evidence)
    app.command(epilog="Example: `kvalitet reevaluate 12`")(reevaluate)


def verify(
    public_key: Annotated[
        list[Path] | None, typer.Option(exists=True, help="A copy kept elsewhere; default: the installation's own.")
    ] = None,
    anchors: Annotated[Path | None, typer.Option(exists=True, help="Lines `entry sha256` kept elsewhere.")] = None,
) -> None:
    """Check signatures, chain, records and the published tables; exit code 1 where anything was changed."""
    from kvalitet.verification.verify import verify as step

    found = step(Settings.from_environment(), public_key, anchors)
    for fault in found.faults:
        console.print(f"[bold red]wrong[/] {plain(fault)}")
    if found.uncertified:
        console.print(f"Older than the first certificate: publications {', '.join(map(str, found.uncertified))}.")
    if found.old_form:
        numbers = ", ".join(map(str, found.old_form))
        console.print(f"Measured in form 1, whose digests the server takes: publications {numbers}.")
    if found.seen.readers:
        console.print(f"Read as {', '.join(found.seen.readers)}.")
    if found.seen.unread:
        console.print(f"Not read as {plain(', '.join(found.seen.unread))}.")
    anchored = f", {found.anchored} anchors" if anchors else ""
    console.print(f"{found.entries} entries of the ledger, {found.seen.tables} published tables{anchored} checked.")
    if found.faults:
        raise KvalitetError(f"{len(found.faults)} faults were found.", "See docs/security.md, What is proven.")
    console.print("All of it is as it was signed.")


def anchor() -> None:
    """Anchor the entries of the ledger that are due; a night and housekeeping do it, too."""
    from kvalitet.verification.outbox import work_off

    console.print(f"{work_off(Settings.from_environment())} entries anchored; none is due.")


def evidence(
    publication: Annotated[int, typer.Option(help="The publication that readers see.")],
    out: Annotated[Path, typer.Option(help="The zip file to write.")],
) -> None:
    """Export what an auditor needs to check a publication alone: one zip file, no personal data."""
    from kvalitet.verification.bundle import write_bundle

    tables = write_bundle(Settings.from_environment(), publication, out)
    console.print(f"{out}: the ledger, {tables} tables and verify.py, {out.stat().st_size:,} bytes.")


def reevaluate(build: Annotated[int, typer.Argument(help="A build that the gate has judged.")]) -> None:
    """Hold today's thresholds and waivers against what was counted then; nothing is measured or recorded."""
    from kvalitet.gate.reevaluation import reevaluate as step

    found = step(Settings.from_environment(), build)
    then, now = ("passed" if passed else "held back" for passed in (found.passed_then, found.verdict.passed))
    console.print(f"Build {build}, judged {found.judged_at:%d-%m-%Y %H:%M}: {then} then, {now} by today's rules.")
    if found.changes:
        rows = [
            {
                "check": change.check_id,
                "counted": f"{change.violations} of {change.denominator}",
                "then": f"{change.then} ({change.threshold_then})",
                "now": f"{change.now} ({change.threshold_now}, {change.severity})",
            }
            for change in found.changes
        ]
        print_rows("Another verdict", rows)
    for check in found.verdict.blocking:
        console.print(f"[red]would block[/] {check.check_id}: {plain(check.measured)}")
    if found.not_comparable:
        console.print(f"Not asked then, or in other words: {', '.join(found.not_comparable)}.")
    if found.dropped:
        console.print(f"Asked then, no more: {', '.join(found.dropped)}.")
