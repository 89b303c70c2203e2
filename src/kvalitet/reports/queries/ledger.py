"""The ledger's entries about a publication, and what changed since the one before it, from schema `audit`."""

from kvalitet.reports import model as m
from kvalitet.reports.queries.base import Connection, every, one


def certificates(connection: Connection, publication_id: int) -> tuple[m.Certificate, ...]:
    """One entry for each time that readers were given this publication, the earliest first."""
    return every(connection, m.Certificate, _CERTIFICATES, publication_id=publication_id)


def changes(connection: Connection, of: m.Build, published: m.Publication | None) -> m.Changes | None:
    """What differs from the newest publication of an earlier build. None where there is none."""
    since = one(connection, m.Publication, _BEFORE, build_id=of.build_id)
    if since is None:
        return None
    builds = {"before": since.build_id, "after": of.build_id}
    figures = None
    if published:
        pair = {"before": since.publication_id, "after": published.publication_id}
        figures = one(connection, m.FigureChanges, _FIGURES, **pair)
    row = connection.execute("select code_version from audit.build where build_id = %s", [since.build_id]).fetchone()
    assert row is not None
    return m.Changes(
        since=since,
        code_before=row["code_version"],
        materials=tuple(row["name"] for row in connection.execute(_MATERIALS, builds).fetchall()),
        deliveries=every(connection, m.DeliveryChange, _DELIVERIES, **builds),
        checks=every(connection, m.CheckChange, _CHECKS, **builds),
        figures=figures,
    )


_CERTIFICATES = """
select
    certificate.entry, event.event, event.reason, event.happened_at, certificate.sha256, certificate.previous_sha256,
    certificate.envelope::jsonb #>> '{signatures,0,keyid}' as key_id
from audit.certificate
inner join audit.publication_event as event on certificate.event_id = event.event_id
where certificate.publication_id = %(publication_id)s
order by certificate.entry
"""

_BEFORE = """
select publication_id, build_id, published_at, published_by
from audit.publication
where build_id < %(build_id)s
order by build_id desc
limit 1
"""

# A kind of rule that was not recorded for the publication before cannot be said to differ.
_MATERIALS = """
with materials as (
    select newest_judgement.build_id, build_material.name, build_material.sha256
    from audit.build_material
    inner join audit.newest_judgement on build_material.judgement_id = newest_judgement.judgement_id
)

select after.name
from materials as after
inner join materials as before on after.name = before.name and before.build_id = %(before)s
where after.build_id = %(after)s and after.sha256 <> before.sha256
order by after.name
"""

_DELIVERIES = """
with before as (
    select build_load.source_id, build_load.load_id, load.cutoff_date
    from audit.build_load
    inner join audit.load on build_load.load_id = load.load_id
    where build_load.build_id = %(before)s
),

after as (
    select build_load.source_id, build_load.load_id, load.cutoff_date
    from audit.build_load
    inner join audit.load on build_load.load_id = load.load_id
    where build_load.build_id = %(after)s
)

select
    coalesce(after.source_id, before.source_id) as source_id,
    before.cutoff_date as cutoff_before,
    after.cutoff_date as cutoff_after
from before
full join after on before.source_id = after.source_id
where before.load_id is distinct from after.load_id
order by 1
"""

_CHECKS = """
with before as (
    select check_id, status, threshold, rule_sha256
    from audit.newest_check_result
    where build_id = %(before)s
),

after as (
    select check_id, status, threshold, rule_sha256
    from audit.newest_check_result
    where build_id = %(after)s
),

compared as (
    select
        coalesce(after.check_id, before.check_id) as check_id,
        before.status as status_before,
        after.status as status_after,
        before.status is not null and after.status is not null and (
            before.threshold is distinct from after.threshold
            or (before.rule_sha256 <> after.rule_sha256)
        ) as by_rule
    from before
    full join after on before.check_id = after.check_id
)

select check_id, status_before, status_after, coalesce(by_rule, false) as by_rule
from compared
where (status_before is distinct from status_after or by_rule)
order by check_id
"""

_FIGURES = """
-- At the scale that figures are published with (FIGURE_SCALE): those of older publications had more decimals.
with said as (
    select
        *,
        (round(value, 10), round(numerator, 10), round(denominator, 10), status, is_suppressed) as figure
    from audit.publication_figure where publication_id in (%(before)s, %(after)s)
),

before as (select * from said where publication_id = %(before)s),

after as (select * from said where publication_id = %(after)s),

compared as (
    select
        before.publication_id is not null as was_there,
        after.publication_id is not null as is_there,
        before.figure is not distinct from after.figure as is_same
    from before
    full join after
        on
            before.indicator_id = after.indicator_id and before.indicator_version = after.indicator_version
            and before.source_id = after.source_id and before.organisation_id = after.organisation_id
            and before.authority = after.authority and before.period_kind = after.period_kind
            and before.period_label = after.period_label and before.breakdown_kind = after.breakdown_kind
            and before.breakdown_member = after.breakdown_member
)

select
    count(*) filter (where was_there and is_there and not is_same) as changed,
    count(*) filter (where not was_there) as added,
    count(*) filter (where not is_there) as gone,
    count(*) filter (where was_there and is_there and is_same) as kept
from compared
"""
