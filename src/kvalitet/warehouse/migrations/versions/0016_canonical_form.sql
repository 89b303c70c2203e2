set local role kvalitet_audit_owner;

-- 1: the rows' texts as Postgres prints them, as all were digested before; 2: docs/canonical-form.md.
alter table audit.table_digest add form smallint not null default 1;
reset role;
