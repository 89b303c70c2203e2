"""Made-up input of the largest size: every check and contract there is, and full pages about all builds."""

import hashlib
from collections.abc import Iterable
from dataclasses import replace
from datetime import date, timedelta

from examples import AT, entries, source_records, validation, waiver

from kvalitet.contracts import Contract
from kvalitet.gate.suites import Suite
from kvalitet.reports import model as m
from kvalitet.reports.queries.record import NEWEST_LOADS, NEWEST_MEASUREMENTS

#: The numbers of the sample's second to sixth night. The first night has more of the former, and later ones fewer.
NOT_APPLICABLE, WARNINGS = 27, 4
#: The number of sources that have checks of their own.
ALONE = 12
FIRST = date(2022, 1, 1)


def digest(of: str) -> str:
    """A different text for each `of`, like real digests. Equal ones would compress to nothing."""
    return hashlib.sha256(of.encode()).hexdigest()


def full_checks(suites: Iterable[Suite]) -> dict[str, m.Check]:
    """Every check by its id, measured on some thousand rows."""
    asked = {c.id: (suite.table, c) for suite in suites for c in suite.checks}
    found = {
        check_id: m.Check(
            check_id, table, table, c.severity, "passed", 0, int(digest(check_id)[:4], 16), str(c.threshold),
            c.must_hold, c.why, c.owner, c.advice_engineer, c.advice_reader, None,
        )
        for check_id, (table, c) in asked.items()
    }  # fmt: skip
    for _, c in [asked[check_id] for check_id in asked if asked[check_id][1].not_applicable_when][:NOT_APPLICABLE]:
        reason = c.not_applicable_when[-1].reason
        found[c.id] = replace(found[c.id], status="not_applicable", violations=None, denominator=None, detail=reason)
    warnings = [c for c in found.values() if c.severity == "warning" and c.status == "passed"][:WARNINGS]
    return found | {c.check_id: replace(c, status="failed", violations=312) for c in warnings}


def full_night(suites: list[Suite], contracts: dict[str, Contract]) -> m.Validation:
    """A publication with all checks, for which every source delivered again."""
    checks, sources = tuple(full_checks(suites).values()), tuple(contracts)
    example = validation()
    assert example.changes
    changes = replace(
        example.changes,
        deliveries=tuple(m.DeliveryChange(source, FIRST, FIRST + timedelta(1)) for source in sources),
        checks=tuple(m.CheckChange(c.check_id, "passed", "failed", False) for c in checks[:WARNINGS]),
    )
    return replace(
        example,
        checks=checks,
        waivers=(waiver(),),
        changes=changes,
        loads=tuple(replace(example.loads[0], source_id=source, load_id=n) for n, source in enumerate(sources)),
        tables=tuple(
            replace(
                example.tables[0],
                load_id=sources.index(contract.id),
                table_name=table.name,
                file_name=table.file_pattern.replace("{cutoff}", str(FIRST)),
                file_sha256=digest(f"{contract.id}/{table.name}"),
            )
            for contract in contracts.values()
            for table in contract.tables.values()
        ),
        digests=tuple(
            m.TableDigest("content", suite.table, 9032, digest(suite.table))
            for suite in suites
            if suite.reads is None  # suites that read another table are about deliveries
        ),
        source_names={source: contract.title for source, contract in contracts.items()},
        sources_of={suite.table: (sources[n % ALONE],) for n, suite in enumerate(suites)},
    )


def full_check_records(suites: list[Suite], sources: tuple[str, ...]) -> list[m.CheckRecord]:
    """Every check with as many measurements as its page shows, over three years."""
    rules = {c.id: c.rule for suite in suites for c in suite.checks}
    return [
        m.CheckRecord(
            c,
            rules[c.check_id],
            True,
            tuple(
                m.Measured(
                    c.check_id, 1000 + night, 1000 + night, FIRST + timedelta(night), AT, c.status,
                    c.violations and c.violations + night % 7, c.denominator, c.threshold, False,
                )
                for night in range(NEWEST_MEASUREMENTS)
            ),
            tuple(m.CheckYear(c.check_id, year, 365, 365, 0, 0, 0, 0) for year in (2024, 2023, 2022)),
            sources[:2],
        )
        for c in full_checks(suites).values()
    ]  # fmt: skip


def full_source_records(suites: list[Suite], contracts: dict[str, Contract]) -> list[m.SourceRecord]:
    """Every source with as many deliveries as its page shows, and a year of attempts."""
    example, checks = source_records()[0], tuple(full_checks(suites).values())
    return [
        replace(
            example,
            source_id=contract.id,
            contract=contract,
            arrivals=example.arrivals[:1] * NEWEST_LOADS,
            attempts=example.attempts[:1] * 24,
            rejects=example.rejects[:1] * 6,
            checks=checks[:50],
        )
        for contract in contracts.values()
    ]


def full_entries(count: int) -> list[m.Entry]:
    """That many publications, one per night, the newest first."""
    _, current, _ = entries()
    assert current.publication
    return [
        replace(
            current,
            build=replace(current.build, build_id=number, as_of_date=FIRST + timedelta(number)),
            publication=replace(current.publication, publication_id=number, build_id=number),
            is_current=number == count,
        )
        for number in range(count, 0, -1)
    ]
