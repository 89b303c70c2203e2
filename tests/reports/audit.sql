-- Build 1 published as publication 1, build 2 held back; one reject of load 1 was put right by load 2.
set local role kvalitet_audit_owner;
insert into audit.load
    (source_id, delivery, cutoff_date, content_sha256, outcome, reason, contract_version, contract_sha256, started_at, finished_at)
values
    ('bif_complaints', '2024-11-20', '2024-11-20', repeat('a', 64), 'accepted', null, '1.0.0', repeat('c', 64),
        '2024-11-21 01:00+00', '2024-11-21 01:01+00'),
    ('bif_complaints', '2024-11-21', '2024-11-21', repeat('b', 64), 'accepted', null, '1.0.0', repeat('c', 64),
        '2024-11-22 01:00+00', '2024-11-22 01:01+00');
insert into audit.load_table values
(1, 'complaints', 'klager_2024-11-20.csv', 1834992, repeat('d', 64), 9050, 2, 9048, 0, 0, 0, 0),
(2, 'complaints', 'klager_2024-11-21.csv', 1834999, repeat('e', 64), 9051, 0, 3, 1, 0, 9047, 1);
insert into audit.load_reading values (1, 'complaints', 'theme_id', 'nothing', 3), (2, 'complaints', 'theme_id', 'nothing', 4);
insert into audit.reject (load_id, source_id, table_name, row_number, row_digest, column_name, rule, reason, resolved_by_load)
values
(1, 'bif_complaints', 'complaints', 7, 'x', 'received_at', 'local_time_nonexistent', 'r', 2),
(1, 'bif_complaints', 'complaints', 9, 'y', 'received_at', 'local_time_nonexistent', 'r', null);
insert into audit.extract_run (source_id, outcome, load_id, message, started_at, finished_at) values
('bif_complaints', 'accepted', 1, 'En levering.', '2024-11-21 01:00+00', '2024-11-21 01:01+00'),
('bif_complaints', 'accepted', 2, 'En levering.', '2024-11-22 01:00+00', '2024-11-22 01:01+00'),
('borgerraadgiver_annual', 'missing', null, 'Ingen fil.', '2024-11-22 01:00+00', '2024-11-22 01:02+00');
insert into audit.build
    (kind, target_schema, owner, as_of_date, code_version, status, message, claimed_at, heartbeat_at, finished_at)
values
    ('night', 'candidate', 'x', '2024-11-20', '9d602c2', 'published', null,
        '2024-11-21 02:00+00', '2024-11-21 02:01+00', '2024-11-21 02:02+00'),
    ('night', 'candidate', 'x', '2024-11-21', '9d602c2', 'held_back', 'points_have_complaint',
        '2024-11-22 02:00+00', '2024-11-22 02:01+00', '2024-11-22 02:02+00');
insert into audit.build_load values (1, 'bif_complaints', 1, false, null), (2, 'bif_complaints', 2, false, null);
insert into audit.model_run (build_id, layer, model, status, row_count, seconds) values
(1, 'star', 'fct_complaint', 'success', 9048, 1.25), (2, 'star', 'fct_complaint', 'success', 9050, 1.5);
insert into audit.judgement (build_id, passed) values (1, true), (2, false);
insert into audit.check_measurement (judgement_id, check_id, outcome, violations, denominator) values
(1, 'points_have_complaint', 'measured', 0, 12044), (2, 'points_have_complaint', 'measured', 312, 12044);
insert into audit.check_verdict
    (judgement_id, check_id, suite, table_name, severity, status, threshold, description, why,
        owner, advice_engineer, advice_reader)
values
    (1, 'points_have_complaint', 's', 'fct_complaint_point', 'critical', 'passed', 'højst 0', 'd', 'w', 'o', 'e', 'r'),
    (2, 'points_have_complaint', 's', 'fct_complaint_point', 'critical', 'failed', 'højst 0',
        'Hvert klagepunkt hører til en klage.', 'w', 'o', 'e', 'r');
insert into audit.table_digest (judgement_id, schema_kind, table_name, row_count, sha256) values
(1, 'star', 'fct_complaint', 9048, repeat('f', 64));
insert into audit.publication (build_id, published_at, published_by) values (1, '2024-11-21 02:02+00', 'kvalitet_publisher');
insert into audit.publication_event (publication_id, event, happened_by) values (1, 'published', 'kvalitet_publisher');
reset role;
