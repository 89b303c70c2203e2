set local role kvalitet_audit_owner;

-- One row per pair of publications whose differences were split (docs/decisions/0008). Append-only.
create table audit.restatement (
    from_publication bigint not null references audit.publication,
    to_publication bigint not null references audit.publication,
    as_of_from date not null,
    as_of_to date not null,
    code_from text not null,
    code_to text not null,
    rows_reclassified bigint not null,     -- delivered rows of the first that have another class in the second
    rows_corrected bigint not null,        -- … in which a stated value differs
    rows_withdrawn bigint not null,        -- … that are gone
    rows_completed bigint not null,        -- … in which a value that was empty is stated
    rows_new bigint not null,              -- rows that only the second has
    definition_build bigint references audit.build,        -- null: nothing could differ, the step was not built
    reclassification_build bigint references audit.build,
    correction_build bigint references audit.build,
    worked_out_at timestamptz not null default clock_timestamp(),
    worked_out_by text not null default session_user,
    primary key (from_publication, to_publication),
    check (from_publication < to_publication)
);

-- One row per changed figure and measure: what it was after each step. The changes are worked out by the
-- database from these, so that they add up exactly to the whole.
create table audit.restatement_figure (
    from_publication bigint not null,
    to_publication bigint not null,
    indicator_id text not null,
    source_id text not null,
    organisation_id text not null,
    authority text not null,
    period_kind text not null,
    period_label text not null,
    period_start date not null,
    breakdown_kind text not null,
    breakdown_member text not null,
    measure text not null check (measure in ('value', 'numerator', 'denominator')),
    indicator_version_from integer,        -- null: the first publication has no such figure
    indicator_version_to integer,
    status text not null check (status in ('split', 'hidden', 'new', 'gone')),
    cause text check (cause in ('definition', 'reclassification', 'correction', 'late_data')),  -- of new and gone
    value_from numeric,
    value_after_definition numeric,
    value_after_reclassification numeric,
    value_after_correction numeric,
    value_to numeric,
    definition_change numeric generated always as (value_after_definition - value_from) stored,
    reclassification_change numeric
    generated always as (value_after_reclassification - value_after_definition) stored,
    correction_change numeric generated always as (value_after_correction - value_after_reclassification) stored,
    late_data_change numeric generated always as (value_to - value_after_correction) stored,
    primary key (from_publication, to_publication, indicator_id, source_id, organisation_id, authority, period_kind,
                 period_label, breakdown_kind, breakdown_member, measure),
    foreign key (from_publication, to_publication) references audit.restatement,
    check ((cause is null) = (status in ('split', 'hidden'))),
    -- A split never tells a count that one of the steps hides.
    check (status <> 'hidden' or (value_after_definition is null and value_after_reclassification is null
                                  and value_after_correction is null)),
    check (status <> 'split' or (value_from is not null and value_after_definition is not null
                                 and value_after_reclassification is not null and value_after_correction is not null
                                 and value_to is not null))
);

grant select on audit.restatement, audit.restatement_figure to
    kvalitet_auditor, kvalitet_gate, kvalitet_publisher, kvalitet_transformer;
grant insert on audit.restatement, audit.restatement_figure to kvalitet_transformer;
reset role;
