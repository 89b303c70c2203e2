set local role kvalitet_audit_owner;

-- One row per kind of rule that a build was made and judged with: SHA-256 of what the gate read.
create table audit.build_material (
    build_id bigint not null references audit.build,
    name text not null check (name in ('suites', 'waivers', 'contracts', 'dbt_manifest')),
    sha256 text not null,
    primary key (build_id, name)
);

-- One row per change of what readers see since certificates were introduced, each resting on the one before.
create table audit.certificate (
    entry bigint primary key,              -- 1, 2, 3, … without a gap
    event_id bigint not null unique references audit.publication_event,
    publication_id bigint not null references audit.publication,
    envelope text not null,                -- DSSE over an in-toto statement, as it was signed
    sha256 text not null,                  -- of the envelope
    previous_sha256 text                   -- of the entry before; empty for the first
);
grant select on audit.build_material, audit.certificate to kvalitet_auditor, kvalitet_gate, kvalitet_publisher;
grant insert, delete on audit.build_material to kvalitet_gate;
grant insert on audit.certificate to kvalitet_publisher;
reset role;
