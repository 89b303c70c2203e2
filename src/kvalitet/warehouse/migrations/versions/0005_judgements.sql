set local role kvalitet_audit_owner;

-- One row per time that the gate judged a build; the newest counts, the others stay.
create table audit.judgement (
    judgement_id bigint generated always as identity primary key,
    build_id bigint not null references audit.build,
    passed boolean not null,
    judged_at timestamptz not null default clock_timestamp()
);
create index judgement_of_build on audit.judgement (build_id, judgement_id);
create view audit.newest_judgement as
select distinct on (build_id) * from audit.judgement
order by build_id, judgement_id desc;

-- One row per rule as it was asked: the select, or the expectation with its arguments.
create table audit.check_rule (
    rule_sha256 text primary key,
    rule text not null
);

-- What was counted. Another threshold can be held against it later, without the data.
create table audit.check_measurement (
    judgement_id bigint not null references audit.judgement,
    check_id text not null,
    outcome text not null check (outcome in ('measured', 'not_applicable', 'error')),
    violations bigint,
    denominator bigint,
    rule_sha256 text references audit.check_rule,  -- empty where it was measured before rules were kept
    measured_at timestamptz not null default clock_timestamp(),
    primary key (judgement_id, check_id)
);

-- The verdict drawn from it, by the threshold and in the words of that day.
create table audit.check_verdict (
    judgement_id bigint not null,
    check_id text not null,
    suite text not null,
    table_name text not null,
    severity text not null check (severity in ('critical', 'warning')),
    status text not null check (status in ('error', 'not_applicable', 'failed', 'passed')),
    threshold text,
    description text not null,             -- what must hold
    why text not null,
    owner text not null,
    advice_engineer text not null,
    advice_reader text not null,
    detail text,                           -- reason for not_applicable, error or nothing to measure; no personal value
    primary key (judgement_id, check_id),
    foreign key (judgement_id, check_id) references audit.check_measurement
);

-- What was judged before, as each build's only judgement.
insert into audit.judgement (build_id, passed)
select build_id, status in ('passed', 'published') from audit.build
where
    exists (select from audit.check_result where check_result.build_id = build.build_id)
    or exists (select from audit.table_digest where table_digest.build_id = build.build_id)
order by build_id;
insert into audit.check_measurement (judgement_id, check_id, outcome, violations, denominator, measured_at)
select
    judgement_id, check_id,
    case when status in ('error', 'not_applicable') then status else 'measured' end,
    violations, denominator, measured_at
from audit.check_result inner join audit.judgement using (build_id);
insert into audit.check_verdict
select
    judgement_id, check_id, suite, table_name, severity, status, threshold, description, why, owner, advice_engineer,
    advice_reader, detail
from audit.check_result inner join audit.judgement using (build_id);
drop table audit.check_result;
create view audit.check_result as
select
    judgement.build_id, judgement_id, check_id, verdict.suite, verdict.table_name, verdict.severity, verdict.status,
    measurement.violations, measurement.denominator, verdict.threshold, verdict.description, verdict.why, verdict.owner,
    verdict.advice_engineer, verdict.advice_reader, verdict.detail, measurement.rule_sha256, measurement.measured_at
from audit.check_verdict as verdict
inner join audit.check_measurement as measurement using (judgement_id, check_id)
inner join audit.judgement using (judgement_id);
create view audit.newest_check_result as
select check_result.* from audit.check_result
inner join audit.newest_judgement using (build_id, judgement_id);

-- Digests, materials and waivers belong to the judgement, too.
alter table audit.table_digest add judgement_id bigint references audit.judgement;
alter table audit.build_material add judgement_id bigint references audit.judgement;
alter table audit.check_waiver add judgement_id bigint references audit.judgement;
update audit.table_digest set judgement_id = j.judgement_id from audit.judgement as j where j.build_id = table_digest.build_id;
update audit.build_material set judgement_id = j.judgement_id from audit.judgement as j where j.build_id = build_material.build_id;
update audit.check_waiver set judgement_id = j.judgement_id from audit.judgement as j where j.build_id = check_waiver.build_id;
alter table audit.table_digest
drop column build_id, alter judgement_id set not null, add primary key (judgement_id, schema_kind, table_name);
alter table audit.build_material
drop column build_id, alter judgement_id set not null, add primary key (judgement_id, name);
alter table audit.check_waiver
drop column build_id, alter judgement_id set not null, add primary key (judgement_id, check_id);

grant select on
    audit.judgement, audit.newest_judgement, audit.check_rule, audit.check_measurement, audit.check_verdict,
    audit.check_result, audit.newest_check_result
to kvalitet_auditor, kvalitet_gate, kvalitet_publisher;
grant insert on audit.judgement, audit.check_rule, audit.check_measurement, audit.check_verdict to kvalitet_gate;
revoke delete on audit.table_digest, audit.build_material, audit.check_waiver from kvalitet_gate;
reset role;
