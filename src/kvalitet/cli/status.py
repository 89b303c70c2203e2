"""What `kvalitet status` shows: services and their problems, sources and who is at work on which, rejects, builds and
publications."""

from dataclasses import asdict
from typing import Any

from kvalitet.clock import wrong_clock
from kvalitet.settings import AUDITOR, Settings
from kvalitet.spelling.text import RULES
from kvalitet.warehouse.connection import connect
from kvalitet.warehouse.readers import changed_rights

SOURCES = """
    select
        run.source_id, run.outcome, load.delivery as newest,
        coalesce(rejects.open, 0) as set_aside, coalesce(load.closures_waiting, 0) as closures_waiting,
        run.finished_at as tried_at, run.message
    from (
        select distinct on (source_id) * from audit.extract_run order by source_id, run_id desc
    ) as run
    left join lateral (
        select delivery, (
            select sum(closures_waiting) from audit.load_table where load_table.load_id = load_in_use.load_id
        ) as closures_waiting
        from audit.load_in_use
        where load_in_use.source_id = run.source_id order by load_id desc limit 1
    ) as load on true
    left join (
        select source_id, count(*) as open from audit.reject_life where state = 'open' group by source_id
    ) as rejects on run.source_id = rejects.source_id
    where %(source)s::text is null or run.source_id = %(source)s
    order by run.source_id
"""
REJECTS = """
    select table_name, problems, count(*) as rows, min(first_load_id) as first_load, max(age_days) as oldest_days,
        count(*) filter (where holds_previous) as previous_version_kept
    from audit.reject_life where source_id = %(source)s and state = 'open'
    group by table_name, problems order by rows desc, table_name, problems
"""
LOADS = """
    select load_id as load, delivery, outcome, origin, finished_at, withdrawn_at,
        (select max(retained_until) from audit.landed_file
         where landed_file.load_id = load.load_id and purged_at is null) as files_kept_until
    from audit.load left join audit.load_withdrawal using (load_id)
    where source_id = %(source)s order by abs(load_id) desc limit 20
"""
READINGS = """
    select load_id as load, delivery, table_name as table, column_name as column, rule, cells
    from audit.load_reading inner join audit.load using (load_id)
    where load_id = (
        select load_id from audit.load_in_use where source_id = %(source)s and load_id > 0
        order by load_id desc limit 1
    )
    order by cells desc, table_name, column_name, rule
"""
ACCOUNT = """
    select load_id as load, delivery, table_name as table, fate, kind, records
    from audit.load_account inner join audit.load using (load_id)
    where load_id = (
        select load_id from audit.load_in_use where source_id = %(source)s and load_id > 0
        order by load_id desc limit 1
    )
    order by table_name, array_position(array['scanned', 'accepted', 'set_aside', 'dropped', 'seen'], fate), kind
"""
BUILDS = """
    select build_id as build, status, target_schema as schema, as_of_date as as_of, claimed_at, owner, message
    from audit.build order by build_id desc limit 10
"""
PUBLICATIONS = """
    select publication_id as publication, event, happened_at, happened_by, reason
    from audit.publication_event order by event_id desc limit 10
"""
ANCHORS_DUE = """
    select entry, happened_at as signed_at from audit.anchor
    inner join audit.certificate using (entry) inner join audit.publication_event using (event_id)
    where anchored_at is null order by entry
"""
RESTATEMENTS = """
    select from_publication, to_publication, worked_out_at,
        count(*) filter (where status = 'split' and definition_change <> 0) as definition,
        count(*) filter (where status = 'split' and reclassification_change <> 0) as reclassification,
        count(*) filter (where status = 'split' and correction_change <> 0) as correction,
        count(*) filter (where status = 'split' and late_data_change <> 0) as late_data,
        count(*) filter (where status = 'hidden') as hidden
    from audit.restatement left join (
        select * from audit.restatement_figure where measure = 'value'
    ) as figure using (from_publication, to_publication)
    group by from_publication, to_publication, worked_out_at
    order by worked_out_at desc limit 10
"""
TURNS = """
    select turn.source_id, turn.owner, turn.host, turn.process_id, turn.began_at
    from audit.intake_turn as turn
    where exists (
        select from pg_locks as lock
        where lock.locktype = 'relation' and lock.granted and lock.pid = turn.backend_pid
            and lock.database = (select oid from pg_database where datname = current_database())
            and lock.relation = 'audit.lock'::regclass and lock.mode = 'RowShareLock'
    )
    order by turn.source_id
"""


def read_services(settings: Settings) -> dict[str, list[dict[str, Any]]]:
    """The services that `kvalitet up` started here, and their problems; empty where it never started any."""
    from kvalitet import services

    if not services.was_started(settings):
        return {}
    if services.is_at_work(settings):
        problems = [{"service": "airflow", "what": "`kvalitet up` or `kvalitet down` is at work: look again after it"}]
    else:
        problems = [{"service": one.service, "what": one.what} for one in services.find_problems(settings)]
    return {"services": [asdict(service) for service in services.status(settings)], "problems": problems}


SERVER = """
    select %(address)s as address, current_setting('server_version') as version, coalesce(version, 'none') as encryption
    from pg_stat_ssl where pid = pg_backend_pid()
"""


def read_status(settings: Settings, source: str | None = None) -> dict[str, list[dict[str, Any]]]:
    """Tables of rows by name; with `source`, that source, its open rejects by rule, what
    became of the records of its newest delivery and what its texts were read as (counts only), and newest loads.
    """
    with connect(settings, AUDITOR) as connection:
        connection.autocommit = True
        facts = {"sources": connection.execute(SOURCES, {"source": source}).fetchall()}
        if source:
            facts["rejects"] = connection.execute(REJECTS, {"source": source}).fetchall()
            facts["account"] = connection.execute(ACCOUNT, {"source": source}).fetchall()
            facts["read_otherwise"] = [
                {**row, "meaning": RULES.get(row["rule"], "")}
                for row in connection.execute(READINGS, {"source": source}).fetchall()
            ]
            facts["loads"] = connection.execute(LOADS, {"source": source}).fetchall()
        else:
            facts["server"] = connection.execute(SERVER, {"address": settings.server}).fetchall()
            facts["not_in_force"] = changed_rights(settings, connection)
            facts["builds"] = connection.execute(BUILDS).fetchall()
            facts["publications"] = connection.execute(PUBLICATIONS).fetchall()
            facts["anchors_due"] = connection.execute(ANCHORS_DUE).fetchall()
            facts["restatements"] = connection.execute(RESTATEMENTS).fetchall()
            facts["turns"] = connection.execute(TURNS).fetchall()
    if wrong := wrong_clock(settings):
        facts["clock"] = [{"message": wrong}]
    return facts
