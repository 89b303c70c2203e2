set local role kvalitet_audit_owner;

-- One row per load, table, column and rule by which delivered texts were read as something else. Append-only.
create table audit.load_reading (
    load_id bigint not null references audit.load,
    table_name text not null,
    column_name text not null,             -- * where it is no column's: a line's end
    rule text not null,                    -- see kvalitet.spelling.text.RULES
    cells bigint not null check (cells > 0),
    primary key (load_id, table_name, column_name, rule)
);
grant select on audit.load_reading to kvalitet_auditor, kvalitet_gate, kvalitet_publisher, kvalitet_loader;
grant insert on audit.load_reading to kvalitet_loader;
reset role;
