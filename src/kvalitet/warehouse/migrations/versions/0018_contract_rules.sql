-- A contract's rules are asked as kvalitet_rules, which may read the views of this schema and nothing else. A view for
-- each raw table comes with the table (warehouse/admin.py). It is empty until the gate has said of the session which
-- source's rows it may see, and of which load. No session can change that for itself.
create schema judged authorization kvalitet_raw_owner;
grant usage on schema audit to kvalitet_raw_owner;
set local role kvalitet_audit_owner;
grant select on audit.reject_standing to kvalitet_raw_owner;
reset role;

set local role kvalitet_raw_owner;
create unlogged table judged.session (
    backend_pid integer primary key,
    source_id text not null,
    load_id bigint not null
);
grant usage on schema judged to kvalitet_gate, kvalitet_rules;
grant select, insert, update, delete on judged.session to kvalitet_gate;

-- One row per broken value of a row set aside, as it stood when the session's load had been taken in.
create view judged.set_aside with (security_barrier) as
select
    standing.table_name,
    standing.column_name,
    standing.rule,
    standing.row_id,
    standing.row_number,
    standing.holds_previous,
    standing.load_id = max(standing.load_id) over (partition by standing.row_id) as is_newest
from judged.session
inner join audit.reject_standing as standing
    on session.source_id = standing.source_id
    and (
        standing.load_id = session.load_id
        or (
            standing.load_id >= 1 and standing.load_id <= session.load_id
            and (standing.resolved_by_load is null or standing.resolved_by_load > session.load_id)
        )
    )
where session.backend_pid = pg_backend_pid();
grant select on judged.set_aside to kvalitet_rules;
reset role;
