set local role kvalitet_audit_owner;

-- Nothing is counted for a check whose rule is a constraint of the sealed candidate: it is held, and `detail` of its
-- verdict names the constraint.
alter table audit.check_measurement
drop constraint check_measurement_outcome_check,
add constraint check_measurement_outcome_check check (outcome in ('measured', 'not_applicable', 'held', 'error'));
alter table audit.check_verdict
drop constraint check_verdict_status_check,
add constraint check_verdict_status_check
check (status in ('error', 'not_applicable', 'failed', 'held', 'passed'));
reset role;
