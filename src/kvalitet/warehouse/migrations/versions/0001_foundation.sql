-- Schemas. Owners cannot log in; login roles get exactly what their step needs.
create schema raw authorization kvalitet_raw_owner;
create schema audit authorization kvalitet_audit_owner;
set local role kvalitet_audit_owner;

-- One row per delivery that was decided on: accepted or refused as a whole.
create table audit.load (
    load_id bigint generated always as identity primary key,
    source_id text not null,
    delivery text not null,                -- the name the delivery goes by, e.g. its cut-off date
    cutoff_date date not null,             -- the delivery's own stated cut-off
    content_sha256 text not null,          -- over the digests of its files
    outcome text not null check (outcome in ('accepted', 'refused')),
    reason text,                           -- why refused; never holds a delivered value
    contract_version text not null,
    contract_sha256 text not null,
    started_at timestamptz not null,
    finished_at timestamptz not null default clock_timestamp(),
    closures_allowed_by text,              -- who let in a delivery beyond its closure limit
    closures_allowed_reason text
);
create index load_source on audit.load (source_id, load_id);
create unique index load_content on audit.load (source_id, delivery, content_sha256) where outcome = 'accepted';

-- One row per file of a delivery and table it filled: what was counted.
create table audit.load_table (
    load_id bigint not null references audit.load,
    table_name text not null,
    file_name text not null,
    file_bytes bigint not null,
    file_sha256 text not null,
    rows_delivered bigint not null,
    rows_rejected bigint not null,
    rows_opened bigint not null,
    rows_changed bigint not null,
    rows_closed bigint not null,
    rows_unchanged bigint not null,
    rows_held bigint not null,             -- rejected rows whose last accepted version stays open
    primary key (load_id, table_name)
);

-- One row per value that kept a row out. No delivered value but the row's key (pseudonymised where personal).
create table audit.reject (
    reject_id bigint generated always as identity primary key,
    load_id bigint not null references audit.load deferrable initially deferred,
    source_id text not null,
    table_name text not null,
    row_number bigint,                     -- record in the file, the header not counted; null where the file broke off
    row_key text,                          -- null where the key itself cannot be read
    row_digest text not null,              -- keyed digest of the row as delivered
    column_name text,
    rule text not null,                    -- stable code, e.g. date_impossible
    reason text not null,
    holds_previous boolean not null default false,
    resolved_by_load bigint references audit.load deferrable initially deferred
);
create index reject_open on audit.reject (source_id, table_name, row_key) where resolved_by_load is null;

-- One row per attempt to fetch a source; what the night waits for.
create table audit.extract_run (
    run_id bigint generated always as identity primary key,
    source_id text not null,
    outcome text not null check (outcome in ('accepted', 'nothing_new', 'missing', 'refused', 'failed')),
    load_id bigint references audit.load,
    message text not null,
    started_at timestamptz not null,
    finished_at timestamptz not null default clock_timestamp()
);
create index extract_run_source on audit.extract_run (source_id, finished_at);

-- One row per build: who holds the candidate, on which loads, as of which day, and how it ended.
create table audit.build (
    build_id bigint generated always as identity primary key,
    kind text not null check (kind in ('night', 'rebuild')),
    target_schema text not null,
    owner text not null,
    as_of_date date not null,
    code_version text not null,
    status text not null check (status in ('building', 'built', 'passed', 'held_back', 'published', 'rebuilt', 'failed', 'lapsed')),
    message text,
    claimed_at timestamptz not null default clock_timestamp(),
    heartbeat_at timestamptz not null default clock_timestamp(),
    finished_at timestamptz
);
-- One live claim per schema: the second is refused by the database itself.
create unique index build_claim on audit.build (target_schema) where status in ('building', 'built', 'passed');

-- The build's fixed set: for each source the newest load it may see.
create table audit.build_load (
    build_id bigint not null references audit.build,
    source_id text not null,
    load_id bigint not null references audit.load,
    is_stale boolean not null,
    stale_reason text,
    primary key (build_id, source_id)
);

create table audit.model_run (
    build_id bigint not null references audit.build,
    layer text not null,
    model text not null,
    status text not null,
    row_count bigint,
    seconds numeric not null,
    message text,
    recorded_at timestamptz not null default clock_timestamp(),
    primary key (build_id, layer, model)
);

-- One row per check of a build: the measurement, and apart from it the verdict drawn from it.
create table audit.check_result (
    build_id bigint not null references audit.build,
    check_id text not null,
    suite text not null,
    table_name text not null,
    severity text not null check (severity in ('critical', 'warning')),
    status text not null check (status in ('error', 'not_applicable', 'failed', 'passed')),
    violations bigint,
    denominator bigint,
    threshold text,
    description text not null,             -- what must hold
    why text not null,
    owner text not null,
    advice_engineer text not null,
    advice_reader text not null,
    detail text,                           -- reason for not_applicable or error; no personal value
    measured_at timestamptz not null default clock_timestamp(),
    primary key (build_id, check_id)
);

-- What the gate measured: publishing refuses a table whose digest differs.
create table audit.table_digest (
    build_id bigint not null references audit.build,
    schema_kind text not null,
    table_name text not null,
    row_count bigint not null,
    sha256 text not null,
    primary key (build_id, schema_kind, table_name)
);

create table audit.publication (
    publication_id bigint generated always as identity primary key,
    build_id bigint not null unique references audit.build,
    published_at timestamptz not null default clock_timestamp(),
    published_by text not null
);

-- Every change of what readers see, publishing and rolling back alike.
create table audit.publication_event (
    event_id bigint generated always as identity primary key,
    publication_id bigint not null references audit.publication,
    event text not null check (event in ('published', 'rolled_back_to')),
    reason text,
    happened_at timestamptz not null default clock_timestamp(),
    happened_by text not null
);

-- Every figure of every publication, append-only: what was said.
create table audit.publication_figure (
    publication_id bigint not null references audit.publication,
    indicator_id text not null,
    indicator_version integer not null,
    source_id text not null,
    organisation_id text not null,
    authority text not null,
    period_kind text not null,
    period_label text not null,
    period_start date not null,
    period_end date not null,
    breakdown_kind text not null,
    breakdown_member text not null,
    numerator numeric,
    denominator numeric,
    value numeric,
    n bigint,
    is_suppressed boolean not null,
    status text not null,
    primary key (publication_id, indicator_id, indicator_version, source_id, organisation_id,
                 authority, period_kind, period_label, breakdown_kind, breakdown_member)
);

-- Which centres (durable ids) a named reader of reporting_detail may see, row by row.
create table audit.detail_access (
    role_name text not null,
    centre_id text not null,
    granted_reason text not null,
    primary key (role_name, centre_id)
);


create function audit.centres_of_reader() returns setof text
language sql stable security definer set search_path = audit, pg_temp
begin atomic
    select detail_access.centre_id from audit.detail_access where detail_access.role_name = session_user;
end;
revoke all on function audit.centres_of_reader() from public;
grant execute on function audit.centres_of_reader() to kvalitet_detail_reader;

-- Rights, step by step.
grant usage on schema audit to
    kvalitet_loader, kvalitet_transformer, kvalitet_gate, kvalitet_publisher, kvalitet_auditor;
grant select on all tables in schema audit to kvalitet_auditor;
grant select on all tables in schema audit to kvalitet_gate;
grant select on all tables in schema audit to kvalitet_publisher;

grant select, insert on audit.load, audit.load_table, audit.reject, audit.extract_run to kvalitet_loader;
grant update (resolved_by_load) on audit.reject to kvalitet_loader;
grant usage, select on all sequences in schema audit to kvalitet_loader;

grant select on
    audit.load, audit.load_table, audit.extract_run, audit.build, audit.build_load,
    audit.model_run, audit.publication, audit.publication_event
to kvalitet_transformer;
grant insert on audit.build, audit.build_load, audit.model_run to kvalitet_transformer;
grant delete on audit.model_run to kvalitet_transformer;  -- a layer that runs again replaces its own results
grant update (status, message, heartbeat_at, finished_at) on audit.build
to kvalitet_transformer, kvalitet_gate, kvalitet_publisher;
grant insert on audit.check_result, audit.table_digest to kvalitet_gate;
grant delete on audit.check_result, audit.table_digest to kvalitet_gate;
grant insert on audit.publication, audit.publication_event, audit.publication_figure to kvalitet_publisher;
reset role;

set local role kvalitet_raw_owner;
-- One open version per key, held by the database. The loader asks for it at the end of a load: over a table
-- filled in one go, an index made afterwards costs a third of one kept up row by row.
create function raw.guard_open_rows(table_name text, key_columns text[]) returns void
language plpgsql security definer set search_path = raw, pg_temp
as $$
begin
    if to_regclass(format('raw.%I', 'open_' || table_name)) is null then
        execute format(
            'create unique index %I on raw.%I (%s) where valid_to_load is null',
            'open_' || table_name, table_name,
            (select string_agg(format('%I', key_column), ', ' order by place)
             from unnest(key_columns) with ordinality as listed (key_column, place))
        );
    end if;
end
$$;
revoke all on function raw.guard_open_rows(text, text[]) from public;
grant execute on function raw.guard_open_rows(text, text[]) to kvalitet_loader;

grant usage on schema raw to kvalitet_loader, kvalitet_transformer;
alter default privileges in schema raw grant select, insert on tables to kvalitet_loader;
alter default privileges in schema raw grant select on tables to kvalitet_transformer;
reset role;
