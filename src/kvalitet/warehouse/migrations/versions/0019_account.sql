set local role kvalitet_audit_owner;

-- What became of every record that an independent scan of a delivered table counted: scanned = accepted + set_aside +
-- dropped. `seen` is what else the scan met. Append-only.
create table audit.load_account (
    load_id bigint not null references audit.load,
    table_name text not null,
    fate text not null check (fate in ('scanned', 'accepted', 'set_aside', 'dropped', 'seen')),
    kind text not null,                    -- of what is dropped the rule, of what is seen its code, else 'record'
    records bigint not null check (records >= 0),
    primary key (load_id, table_name, fate, kind)
);
grant select on audit.load_account to kvalitet_auditor, kvalitet_gate, kvalitet_publisher, kvalitet_loader;
grant insert on audit.load_account to kvalitet_loader;

-- A row is found by its number in the file, and rows that share a key (or are alike and have none) are rows of their own.
alter table audit.reject add sheet text, add occurrence integer not null default 1;
comment on column audit.reject.row_number is
'Line of a text file, row of a sheet, or row of an answer; before migration 0019 the record, counted without the header.';
comment on column audit.reject.occurrence is 'Which of several rows set aside with this key, or of this content.';

create or replace view audit.reject_standing as
select
    reject.reject_id,
    min(reject.reject_id) over (
        partition by reject.source_id, reject.table_name, reject.row_key is null,
            coalesce(reject.row_key, reject.row_digest), reject.occurrence, reject.resolved_by_load
    ) as row_id,
    reject.source_id,
    reject.table_name,
    reject.load_id,
    reject.resolved_by_load,
    reject.column_name,
    reject.rule,
    reject.row_number,
    reject.holds_previous,
    acceptance.acceptance_id,
    reject.sheet
from audit.reject
inner join audit.load on reject.load_id = load.load_id and load.outcome = 'accepted'
left join audit.reject_acceptance as acceptance on reject.reject_id = acceptance.reject_id;

create or replace view audit.reject_life as
with life as (
    select
        row_id,
        source_id,
        table_name,
        resolved_by_load,
        min(load_id) as first_load_id,
        max(row_number) filter (where reject_id = row_id) as row_number,
        max(sheet) filter (where reject_id = row_id) as sheet,
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
    acceptance.reason as accepted_reason,
    life.sheet,
    first_table.file_name
from life
inner join audit.load as first_load on life.first_load_id = first_load.load_id
left join audit.load_table as first_table
    on life.first_load_id = first_table.load_id and life.table_name = first_table.table_name
left join audit.load as resolving on life.resolved_by_load = resolving.load_id
left join audit.contract on first_load.contract_sha256 = contract.contract_sha256
left join audit.reject_acceptance as acceptance
    on life.acceptance_id = acceptance.acceptance_id and life.is_accepted;
reset role;
