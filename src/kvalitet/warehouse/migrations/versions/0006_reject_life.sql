set local role kvalitet_audit_owner;

-- One row per wording of a contract that intake has worked by: who answers for what it lets in and sets aside.
create table audit.contract (
    contract_sha256 text primary key,
    source_id text not null,
    version text not null,
    title text not null,
    owner text not null,
    support text not null,
    recorded_at timestamptz not null default clock_timestamp()
);

-- One row per broken value that somebody has decided to let stand. A row that comes changed and is still wrong is open.
create table audit.reject_acceptance (
    acceptance_id bigint generated always as identity primary key,
    reject_id bigint not null unique references audit.reject,
    reason text not null,
    accepted_by text not null,
    accepted_at timestamptz not null default clock_timestamp()
);

-- The newest acceptance that a build knows of; a rebuild takes it over, so that it gives the same figures.
alter table audit.build add acceptances_up_to bigint not null default 0;

-- One row per broken value, without anything delivered. The values of one row share `row_id`, the first one's number,
-- as long as the row stays out: the same row may break another rule, or come changed and still wrong.
create view audit.reject_standing as
select
    reject.reject_id,
    min(reject.reject_id) over (
        partition by reject.source_id, reject.table_name, reject.row_key is null,
            coalesce(reject.row_key, reject.row_digest), reject.resolved_by_load
    ) as row_id,
    reject.source_id,
    reject.table_name,
    reject.load_id,
    reject.resolved_by_load,
    reject.column_name,
    reject.rule,
    reject.row_number,
    reject.holds_previous,
    acceptance.acceptance_id
from audit.reject
inner join audit.load on reject.load_id = load.load_id and load.outcome = 'accepted'
left join audit.reject_acceptance as acceptance on reject.reject_id = acceptance.reject_id;

-- One row per row set aside, from the delivery that first brought it wrong until it is in order or accepted. A row that
-- goes wrong again later begins anew. Deliveries taken in beside the history (numbers below zero) wait for nobody.
create view audit.reject_life as
with life as (
    select
        row_id,
        source_id,
        table_name,
        resolved_by_load,
        min(load_id) as first_load_id,
        max(row_number) filter (where reject_id = row_id) as row_number,
        string_agg(distinct coalesce(column_name, '*') || ':' || rule, ', ') as problems,
        bool_or(holds_previous) as holds_previous,
        bool_and(acceptance_id is not null) as is_accepted,
        max(acceptance_id) as acceptance_id
    from audit.reject_standing
    where load_id > 0
    group by row_id, source_id, table_name, resolved_by_load
)

select
    life.row_id,
    life.source_id,
    life.table_name,
    case
        when life.resolved_by_load is not null then 'resolved'
        when life.is_accepted then 'accepted'
        else 'open'
    end as state,
    life.problems,
    life.holds_previous,
    life.first_load_id,
    first_load.delivery as first_delivery,
    life.row_number,
    first_load.finished_at as opened_at,
    extract(day from coalesce(resolving.finished_at, clock_timestamp()) - first_load.finished_at)::integer as age_days,
    (
        select count(*) from audit.load as stood
        where stood.source_id = life.source_id and stood.outcome = 'accepted'
            and stood.load_id >= life.first_load_id
            and (life.resolved_by_load is null or stood.load_id < life.resolved_by_load)
    ) as loads,
    contract.owner,
    contract.support,
    life.resolved_by_load,
    resolving.finished_at as resolved_at,
    acceptance.accepted_by,
    acceptance.accepted_at,
    acceptance.reason as accepted_reason
from life
inner join audit.load as first_load on life.first_load_id = first_load.load_id
left join audit.load as resolving on life.resolved_by_load = resolving.load_id
left join audit.contract on first_load.contract_sha256 = contract.contract_sha256
left join audit.reject_acceptance as acceptance
    on life.acceptance_id = acceptance.acceptance_id and life.is_accepted;

grant select on audit.contract, audit.reject_acceptance, audit.reject_standing, audit.reject_life
to kvalitet_auditor, kvalitet_gate, kvalitet_publisher, kvalitet_loader;
grant select on audit.reject_standing to kvalitet_transformer;
grant insert on audit.contract, audit.reject_acceptance to kvalitet_loader;
grant usage on all sequences in schema audit to kvalitet_loader;
reset role;
