set local role kvalitet_audit_owner;

-- Since when nobody who builds can write to the build's schemas. Only the sealing role says so.
alter table audit.build add column sealed_at timestamptz;
grant update (sealed_at) on audit.build to kvalitet_publisher;

-- What runs with an owner's rights finds functions and operators in pg_catalog alone, and tables by their full name.
alter function audit.centres_of_reader() set search_path = pg_catalog, pg_temp;
reset role;

set local role kvalitet_raw_owner;
alter function raw.guard_open_rows(text, text[]) set search_path = pg_catalog, pg_temp;
reset role;
