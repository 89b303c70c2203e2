set local role kvalitet_audit_owner;

-- One row per waiver that held when a build was judged, and whether the check failed and so needed it.
create table audit.check_waiver (
    build_id bigint not null references audit.build,
    check_id text not null,
    reason text not null,
    decided_by text not null,
    decided_on date not null,
    expires_on date not null,
    is_used boolean not null,
    primary key (build_id, check_id)
);
grant select on audit.check_waiver to kvalitet_auditor, kvalitet_gate, kvalitet_publisher;
grant insert, delete on audit.check_waiver to kvalitet_gate;
reset role;
