set local role kvalitet_audit_owner;

-- One row per entry of the ledger that is to be anchored, written with the entry; due until it was.
create table audit.anchor (
    entry bigint primary key references audit.certificate deferrable initially deferred,
    due_at timestamptz not null default clock_timestamp(),
    anchored_at timestamptz
);
grant select on audit.anchor to kvalitet_auditor, kvalitet_gate, kvalitet_publisher;
grant insert on audit.anchor to kvalitet_publisher;
grant update (anchored_at) on audit.anchor to kvalitet_publisher;
reset role;
