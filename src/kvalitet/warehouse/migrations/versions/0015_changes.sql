set local role kvalitet_audit_owner;

alter table audit.load
    add column changes_allowed_by text,         -- who let in a delivery beyond its limit of changes
    add column changes_allowed_reason text,
    add column reading_sha256 text,             -- by which contract and code its texts became rows; null before this
    drop constraint load_origin_check,
    -- derived: the state at a cut-off, worked out anew because `of_load` came after it
    add constraint load_origin_check check (origin in ('delivered', 'replayed', 'restored', 'derived'));
create or replace view audit.load_in_use as
select load.* from audit.load
where load.outcome = 'accepted'
    and not exists (select from audit.load_withdrawal where load_withdrawal.load_id = load.load_id);
drop index audit.load_replayed;
create unique index load_replayed on audit.load (of_load, contract_sha256, coalesce(reading_sha256, ''))
where outcome = 'accepted' and origin = 'replayed';

alter table audit.load_table
    add column rows_reread bigint not null default 0,       -- opened because they are read otherwise than before
    add column rows_overtaken bigint not null default 0,    -- of which a newer cut-off had said something already
    add column closures_waiting bigint not null default 0,  -- absent, and not closed
    add column rows_without_key bigint not null default 0,  -- why they wait: each of them may be one that is absent
    add column column_names text[];                         -- of raw that it filled; null before this

-- Of the loads before this, all columns that their raw tables have.
update audit.load_table set column_names = (
    select array_agg(attribute.attname::text order by attribute.attnum)
    from audit.load, pg_attribute as attribute, pg_class as class, pg_namespace as namespace
    where load.load_id = load_table.load_id and attribute.attrelid = class.oid and class.relnamespace = namespace.oid
        and namespace.nspname = 'raw' and class.relname = load.source_id || '__' || load_table.table_name
        and attribute.attnum > 0 and not attribute.attisdropped
);

-- `beside`: what came was of an older cut-off; what there is of today is as it was.
alter table audit.extract_run
    drop constraint extract_run_outcome_check,
    add constraint extract_run_outcome_check
    check (outcome in ('accepted', 'nothing_new', 'beside', 'missing', 'refused', 'failed'));

alter table audit.restatement add column rows_reread bigint not null default 0;
reset role;
