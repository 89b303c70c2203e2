-- As many nights as {nights} says, every eighth held back, each with as many checks as {checks} says.
set local role kvalitet_audit_owner;
insert into audit.load
    (source_id, delivery, cutoff_date, content_sha256, outcome, contract_version, contract_sha256, started_at, finished_at)
select
    'bif_complaints', day::text, day, repeat(md5(night::text), 2), 'accepted', '1.0.0', repeat('c', 64),
    day + interval '25 hours', day + interval '26 hours'
from generate_series(1, {nights}) as night, lateral (select date '2022-01-01' + night as day) as dated;
insert into audit.load_table
select load_id, 'complaints', 'klager.csv', 1834992, content_sha256, 9050, 2, 12, 8, 0, 9028, 0 from audit.load;
insert into audit.extract_run (source_id, outcome, load_id, message, started_at, finished_at)
select source_id, 'accepted', load_id, '1 delivery taken in.', started_at, finished_at from audit.load;
insert into audit.reject (load_id, source_id, table_name, row_number, row_digest, column_name, rule, reason, resolved_by_load)
select load_id, source_id, 'complaints', 7, 'x', 'received_at', 'required', 'r', nullif(load_id + 1, {nights} + 1) from audit.load;
insert into audit.build
    (kind, target_schema, owner, as_of_date, code_version, status, claimed_at, heartbeat_at, finished_at)
select
    'night', 'candidate', 'x', cutoff_date, '9d602c2', case when load_id % 8 = 0 then 'held_back' else 'published' end,
    finished_at, finished_at, finished_at + interval '10 minutes'
from audit.load order by load_id;
insert into audit.build_load select build_id, 'bif_complaints', build_id, false, null from audit.build;
insert into audit.judgement (build_id, passed) select build_id, status = 'published' from audit.build order by build_id;
insert into audit.check_rule values (repeat('1', 64), 'select count(*) filter (where complaint_key is null) as violations');
insert into audit.check_measurement (judgement_id, check_id, outcome, violations, denominator, rule_sha256)
select
    judgement.judgement_id, 'fct_complaint_rule_number_' || number, 'measured',
    case when build.status = 'held_back' and number = 1 then 312 else 0 end, 9000 + build_id, repeat('1', 64)
from audit.judgement inner join audit.build using (build_id), generate_series(1, {checks}) as number;
insert into audit.check_verdict
    (judgement_id, check_id, suite, table_name, severity, status, threshold, description, why, owner, advice_engineer,
    advice_reader)
select
    judgement_id, check_id, 'fct_complaint', 'fct_complaint', 'critical',
    case when violations > 0 then 'failed' else 'passed' end, 'højst 0,5 %', 'Hver klage har en nøgle.',
    'En tom tabel er oftest en leverance, der er faldet ud.', 'Kvalitetsteamet',
    'Se i audit.model_run, hvilken model der først blev tom.', 'Den seneste offentliggørelse gælder fortsat.'
from audit.check_measurement;
insert into audit.publication (build_id, published_at, published_by)
select build_id, finished_at, 'kvalitet_publisher' from audit.build where status = 'published' order by build_id;
insert into audit.publication_event (publication_id, event, happened_by)
select publication_id, 'published', 'kvalitet_publisher' from audit.publication order by publication_id;
reset role;
analyze audit.check_measurement;
analyze audit.check_verdict;
analyze audit.judgement;
