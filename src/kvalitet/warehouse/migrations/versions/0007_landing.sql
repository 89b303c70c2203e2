set local role kvalitet_audit_owner;

-- How a load came about: delivered; the kept files of `of_load` taken in once more; or the state after
-- `of_load` put back, because the load that followed was withdrawn.
alter table audit.load
    add column origin text not null default 'delivered' check (origin in ('delivered', 'replayed', 'restored')),
    add column of_load bigint references audit.load,
    add check ((origin = 'delivered') = (of_load is null));
drop index audit.load_content;
create unique index load_content on audit.load (source_id, delivery, content_sha256)
where outcome = 'accepted' and origin = 'delivered';
create unique index load_replayed on audit.load (of_load, contract_sha256)
where outcome = 'accepted' and origin = 'replayed';

-- One row per load that was found to be wrong after it was taken in, append-only.
create table audit.load_withdrawal (
    load_id bigint primary key references audit.load,
    reason text not null,
    withdrawn_by text not null,
    withdrawn_at timestamptz not null default clock_timestamp(),
    restored_by bigint                     -- the load that put the state before back; of none, the number its rows end at
);

-- The loads that a build of today may rest on.
create view audit.load_in_use as
select load.* from audit.load
where load.outcome = 'accepted'
    and not exists (select from audit.load_withdrawal where load_withdrawal.load_id = load.load_id);

-- One row per delivered file that was kept, of accepted and refused loads alike. What is gone keeps its row.
create table audit.landed_file (
    load_id bigint not null references audit.load deferrable initially deferred,
    file_name text not null,
    table_names text[] not null,           -- the tables that it fills
    bytes bigint not null,                 -- as delivered
    sha256 text not null,                  -- as delivered
    path text not null,                    -- in the landing store
    kept_sha256 text not null,             -- of what is kept: another one once a person was erased from it
    retained_until date not null,
    purged_at timestamptz,
    purged_because text check (purged_because in ('retention', 'erasure')),
    primary key (load_id, file_name),
    check ((purged_at is null) = (purged_because is null))
);
create index landed_file_path on audit.landed_file (path);

-- One row per erasure: who, when, why and how much. Never who was erased.
create table audit.person_erasure (
    erasure_id bigint generated always as identity primary key,
    erased_by text not null,
    reason text not null,
    erased_at timestamptz not null default clock_timestamp(),
    rows_delinked bigint not null,         -- in raw, versions that are history included
    rows_in_builds bigint not null,        -- in the working tables of builds
    files_rewritten bigint not null,
    files_destroyed bigint not null
);

-- Which pseudonym key the rows in raw were made with, by a fingerprint that tells nothing of it.
create table audit.pseudonym_key (
    fingerprint text primary key,
    introduced_by text not null,
    introduced_at timestamptz not null default clock_timestamp(),
    rows_rekeyed bigint not null
);

grant select on audit.load_withdrawal, audit.load_in_use, audit.landed_file, audit.person_erasure, audit.pseudonym_key
to kvalitet_auditor, kvalitet_gate, kvalitet_publisher;
grant select on audit.load_withdrawal, audit.load_in_use to kvalitet_transformer, kvalitet_loader;
grant select on audit.landed_file, audit.pseudonym_key, audit.person_erasure to kvalitet_loader;
grant select on audit.person_erasure to kvalitet_transformer;
grant insert on audit.load_withdrawal, audit.landed_file to kvalitet_loader;
grant update (path, kept_sha256, purged_at, purged_because) on audit.landed_file to kvalitet_loader;
reset role;
