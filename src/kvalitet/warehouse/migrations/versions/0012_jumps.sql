set local role kvalitet_audit_owner;

-- As closures beyond the contract's limit: by name and reason.
alter table audit.load
    add column jump_allowed_by text,       -- who let in a cut-off far ahead of what was due
    add column jump_allowed_reason text;

-- The sources of which readers see a delivery that was withdrawn: what is said of them now is no measure for tonight.
create view audit.withdrawn_but_published as
select distinct build_load.source_id
from audit.build_load
inner join audit.load_withdrawal using (load_id)
inner join audit.publication using (build_id)
where publication.publication_id = (select publication_id from audit.publication_event order by event_id desc limit 1);
grant select on audit.withdrawn_but_published to kvalitet_auditor, kvalitet_gate;

-- The publication that tonight's figures are held against: the newest that rests on no withdrawn delivery.
create view audit.publication_to_compare as
select publication_id
from audit.publication_event
where publication_id not in (
    select publication_id
    from audit.publication
    inner join audit.build_load using (build_id)
    inner join audit.load_withdrawal using (load_id)
)
order by event_id desc limit 1;
grant select on audit.publication_to_compare to kvalitet_auditor, kvalitet_gate;
reset role;
