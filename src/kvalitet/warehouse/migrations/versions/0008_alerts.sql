set local role kvalitet_audit_owner;

-- One row per event and channel that people were told it on. The key is what makes it once; append-only.
create table audit.alert (
    event text not null,                   -- e.g. held_back/12, missing/organisation/2026-01-31
    channel text not null check (channel in ('mail', 'webhook')),
    title text not null,                   -- as it was told; never a delivered value
    sent_at timestamptz not null default clock_timestamp(),
    sent_by text not null default session_user,
    primary key (event, channel)
);
grant select on audit.alert to kvalitet_auditor, kvalitet_gate, kvalitet_publisher;
grant insert on audit.alert to kvalitet_gate;
reset role;
