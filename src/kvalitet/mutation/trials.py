"""One trial: a mutation at one size, the real gate's verdict on it, and the checks that caught it."""

import re
import shutil
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import psycopg

from kvalitet.build.builds import Build, begin_build, get_build
from kvalitet.build.transform import LAYERS, build_layer
from kvalitet.contracts import load_contracts
from kvalitet.errors import DeliveryRefused, KvalitetError
from kvalitet.gate import CheckResult, GateClosed, Suite, Verdict, load_suites, validate
from kvalitet.gate.judging import measure_build
from kvalitet.intake import extract
from kvalitet.mutation.files import change_file
from kvalitet.mutation.place import copy_of
from kvalitet.mutation.registry import SHARES, Mutation, Size
from kvalitet.mutation.spoil import spoil
from kvalitet.publication import finish_candidate
from kvalitet.sample import Sample, find_sample
from kvalitet.settings import GATE, Settings
from kvalitet.warehouse import server


@dataclass(frozen=True)
class Trial:
    """`rows` of the `among` changeable rows were changed.

    `critical` blocked the build and `warnings` marked it, both without what the same build had unspoilt. `refused` says
    that intake kept the delivery out.
    """

    mutation: str
    size: Size
    rows: int
    among: int
    critical: tuple[str, ...]
    warnings: tuple[str, ...]
    refused: bool
    seconds: float

    @property
    def outcome(self) -> str:
        return outcome(self.critical, self.refused, self.warnings)


def outcome(critical: Sequence[str], refused: bool, warnings: Sequence[str]) -> str:
    """The outcome: blocked, refused (by intake, so that the gate never saw it), warned or missed."""
    if critical:
        return "blocked"
    if refused:
        return "refused"
    return "warned" if warnings else "missed"


def judge(settings: Settings, build_id: int, manifest: Path | None = None) -> Verdict:
    """The gate's verdict on a build, whether it passes or is held back."""
    try:
        return validate(settings, build_id, manifest)
    except GateClosed as closed:
        return closed.verdict


def try_candidate(
    template: Settings, build_id: int, clean: Verdict, mutation: Mutation, size: Size, name: str
) -> Trial:
    """Spoil a copy of the warehouse `template`, whose build `build_id` is finished but not judged, and judge it.

    Only the checks that read a table which the mutation touches are measured, because the others find the same rows as
    before.
    """
    began = time.monotonic()
    manifest = template.var / "dbt" / "target" / "manifest.json"
    with copy_of(template, template.database, name) as copy:
        with psycopg.connect(server.admin_url(copy, copy.database)) as admin:
            spoilt = spoil(admin, mutation, size)
        finish_candidate(copy, build_id, manifest)
        suites = that_read(spoilt.tables, load_suites(copy))
        _, measured = measure_build(copy, get_build(copy, build_id, GATE), suites, manifest)
    told = {result.check_id for result in measured}
    found = Verdict(build_id, (*measured, *(result for result in clean.results if result.check_id not in told)))
    return _trial(mutation, size, (spoilt.rows, spoilt.among), clean, found, False, began)


def that_read(tables: Sequence[str], suites: list[Suite]) -> list[Suite]:
    """The suites' checks whose table, SQL or condition is about one of `tables`."""
    names = re.compile(rf"\b({'|'.join(tables)})\b")
    found = []
    for suite in suites:
        checks = [
            check
            for check in suite.checks
            if names.search(
                " ".join([suite.table, check.count_violations or "", *(c.sql for c in check.not_applicable_when)])
            )
        ]
        if checks:
            found.append(suite.model_copy(update={"checks": tuple(checks)}))
    return found


def try_delivery(
    template: Settings, clean: Verdict, mutation: Mutation, size: Size, name: str, deliveries: "Deliveries"
) -> Trial:
    """Take in a night with one spoilt file over a copy of `template` (night 1 published), build and judge it."""
    assert mutation.delivery
    began, spoilt = time.monotonic(), mutation.delivery
    with copy_of(template, template.database, name) as copy:
        inbox = Path(copy.inbox.removeprefix("file://"))
        night = 2 + spoilt.silent_nights
        delivered = deliveries.write_with(inbox, spoilt.source, night)
        rows, among = (1, 1)
        if spoilt.silent_nights:
            for file in delivered:
                file.unlink()
        else:
            rows, among = _spoil_file(copy, inbox, mutation, size)
        refused = take_in(copy)
        build = build_all(copy, f"mutation {mutation.id}")
        found = judge(copy, build.build_id)
    return _trial(mutation, size, (rows, among), clean, found, spoilt.source in refused, began)


@dataclass(frozen=True)
class Deliveries:
    """A sample's deliveries of one seed and size. The sample goes by its name to the processes of the trials."""

    sample: str
    seed: int
    complaints: int

    def write(self, inbox: Path, night: int) -> list[Path]:
        return self._sample.deliver(inbox, night, self.complaints, self.seed)

    @property
    def _sample(self) -> Sample:
        return find_sample(self.sample)

    def write_with(self, inbox: Path, source: str, night: int) -> list[Path]:
        """Write a night in which `source` delivers in any case. Returns the source's files.

        Where it has nothing new, it delivers those of the first night once more, under the cut-off of `night`.
        """
        delivered = [file for file in self.write(inbox, night) if file.parent.name == source]
        return delivered or self._write_again(inbox, source, night)

    def _write_again(self, inbox: Path, source: str, night: int) -> list[Path]:
        first, now = (str(self._sample.cutoff(number)) for number in (1, night))
        with tempfile.TemporaryDirectory() as folder:
            for file in self.write(Path(folder), 1):
                if file.parent.name == source:
                    (inbox / source).mkdir(parents=True, exist_ok=True)
                    shutil.copy(file, inbox / source / file.name.replace(first, now))
        return sorted((inbox / source).glob(f"*{now}*"))


def take_in(settings: Settings) -> list[str]:
    """Extract every source. Returns those whose delivery was refused. Any other failure of intake is raised."""
    refused = []
    for source in load_contracts(settings):
        try:
            extract(settings, source)
        except DeliveryRefused:
            refused.append(source)
    return refused


def build_all(settings: Settings, owner: str) -> Build:
    """Run every layer of a new build of the newest loads, and the finishing step."""
    build = begin_build(settings, owner=owner)
    for layer in LAYERS:
        build_layer(settings, build.build_id, layer)
    finish_candidate(settings, build.build_id)
    return build


def _spoil_file(settings: Settings, inbox: Path, mutation: Mutation, size: Size) -> tuple[int, int]:
    assert mutation.delivery
    spoilt = mutation.delivery
    files = sorted((inbox / spoilt.source).glob(f"{spoilt.file}*"))
    if not files:
        raise KvalitetError(f"The mutation {mutation.id}: that night has no file {spoilt.file}.", "Name another file.")
    contract = load_contracts(settings)[spoilt.source]
    return change_file(files[0], contract, spoilt.change, spoilt.column, spoilt.with_value, spoilt.where, SHARES[size])


def _trial(
    mutation: Mutation, size: Size, rows: tuple[int, int], clean: Verdict, found: Verdict, refused: bool, began: float
) -> Trial:
    return Trial(
        mutation=mutation.id,
        size=size,
        rows=rows[0],
        among=rows[1],
        critical=beyond(clean.blocking, found.blocking),
        warnings=beyond(clean.warnings, found.warnings),
        refused=refused,
        seconds=round(time.monotonic() - began, 1),
    )


def beyond(clean: Sequence[CheckResult], found: Sequence[CheckResult]) -> tuple[str, ...]:
    """Checks that fail now and did not before."""
    before = {result.check_id for result in clean}
    return tuple(sorted(result.check_id for result in found if result.check_id not in before))
