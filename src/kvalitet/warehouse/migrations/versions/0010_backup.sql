set local role kvalitet_audit_owner;

-- One row: tells this installation's backups, keys and erasure journal from another's. A restore brings it back.
create table audit.installation (
    installation_id uuid primary key default gen_random_uuid(),
    made_at timestamptz not null default clock_timestamp(),
    only_one boolean not null default true unique check (only_one)
);
insert into audit.installation default values;

-- One row per restore. Until it is confirmed, nothing is taken in and nothing is built.
create table audit.restore (
    restore_id bigint generated always as identity primary key,
    backup text not null,                  -- the backup's name, or what else the database was restored by
    backup_made_at timestamptz,            -- empty where the database was restored by other means
    restored_at timestamptz not null default clock_timestamp(),
    restored_by text not null,
    erasures bigint[] not null,            -- in the journal, not in the restored database; never whom
    erasures_unknown_since timestamptz,    -- the journal says nothing from here on; empty where it is complete
    confirmed_at timestamptz,
    confirmed_by text,
    confirmed_reason text,
    check ((confirmed_at is null) = (confirmed_by is null) and (confirmed_at is null) = (confirmed_reason is null))
);
grant select on audit.installation, audit.restore
to kvalitet_auditor, kvalitet_gate, kvalitet_publisher, kvalitet_loader, kvalitet_transformer;
reset role;
