set local role kvalitet_audit_owner;

-- One row per lock of the pipeline's own: whoever holds it has the row locked in an open transaction. An advisory lock
-- would be anybody's to take, also a reader's.
create table audit.lock (
    name text primary key                  -- see kvalitet.warehouse.locks
);
grant select, insert, update on audit.lock to kvalitet_loader, kvalitet_transformer, kvalitet_publisher;
grant select on audit.lock to kvalitet_auditor, kvalitet_gate;
-- Those with a name of their own; turns at sources and rebuilds get theirs when they are first taken.
insert into audit.lock values
    ('publication'), ('dump or publication'), ('files of the landing store'), ('persons in raw'),
    ('acceptances of rejects');
reset role;
