-- The tables of the star that the pages read, with one publication's worth of rows.
create schema reporting authorization kvalitet_publication_owner;
set local role kvalitet_publication_owner;
create table reporting.publication as
select 1::bigint as publication_id, 1::bigint as build_id, date '2024-11-20' as as_of_date, null::text as note;
create table reporting.dim_indicator (
    indicator_id text, version int, name_da text, definition_da text, numerator_da text, denominator_da text,
    unit text, direction text, dated_by text, open_cases_da text, population_da text, legal_basis text, owner text,
    valid_from_year int, valid_to_year int, decimals int, rests_on text, is_additive_over_organisations boolean
);
insert into reporting.dim_indicator values
('klager_modtaget', 1, 'Modtagne klager', 'Antal klager.', 'Klager', null, 'antal', 'lavere_er_bedre', 'modtaget',
    'Tæller med.', 'Alle klager', null, 'Kvalitetsenheden', 2019, null, 0, 'bif_complaints', true),
('borgerraadgiver_henvendelser', 1, 'Henvendelser til Borgerrådgiveren', 'Antal.', null, null, 'antal', 'neutral',
    'oplyst', null, 'Henvendelser', null, 'Kvalitetsenheden', 2019, null, 0, 'borgerraadgiver_annual', true);
create table reporting.rpt_counts_by_calendar_year as select 'Eksempelby Kommune' as authority, 2023 as calendar_year;
create table reporting.rpt_counts_by_report_year as select 'Eksempelby Kommune' as authority, '2023/24' as report_year_label;
create table reporting.dim_source as
select 'key' as source_key, * from (
    values ('klagesager', 4, 'Klagesager', false), ('borgerraadgiveren', 6, 'Borgerrådgiveren', true)
) as s (source_id, source_number, name_da, is_external);
create table reporting.dim_organisation as
select 'C01' as unit_id, 'Center 1 (fiktiv)' as name, date '2019-01-01' as valid_from_date;
create table reporting.dim_outcome as select 'medhold' as outcome_id, 'Medhold' as name_da;
create table reporting.dim_theme as select 'aktindsigt' as theme_id, 'Aktindsigt' as name_da;
create table reporting.dim_law as
select 'aktivloven' as law_id, 2 as version, 'Aktivloven' as law_name, 'Aktivloven' as short_name_da;
create table reporting.dim_complaint_type as
select 'formalitet' as complaint_type_id, 'Formalitetsklage' as name_da;
create table reporting.dim_risk_area as select 'sanktioner' as risk_area_id, 'Sanktioner' as name_da;
create table reporting.dim_supplier as select 'L1' as supplier_id, 'Leverandør (fiktiv)' as name_da;
create table reporting.dim_category as select 'V01' as category_id, 'Flere i job' as name_da;
create table reporting.dim_series_break as
select
    'klager_modtaget' as indicator_id, null::text as authority, date '2019-01-01' as first_period_start,
    'Nyt spørgeskema' as reason_da;
create table reporting.rpt_indicator_trend as
select
    series_key, 'klager_modtaget' as indicator_id, 'klagesager' as source_id, 'Eksempelby Kommune' as authority,
    'alle' as organisation_id, period_kind, period_label, period_start::date, value::numeric,
    centre_line::numeric, lower_limit::numeric, upper_limit::numeric, 1 as segment, points_in_limits, signal_rule,
    trend_status, 'endelig' as status, null::text as break_reason_da, false as is_seasonally_adjusted,
    signal_rule is not null as is_signal, true as is_fictional
from (
    values
    ('a', 'kvartal', '2023-K3', '2023-07-01', 250, 252, 220.5, 283.5, 12, null, 'ok'),
    ('a', 'kvartal', '2023-K4', '2023-10-01', 310, 252, 220.5, 283.5, 12, 'uden_for_graense', 'ok'),
    ('b', 'kalenderaar', '2023', '2023-01-01', 1149, null, null, null, 1, null, 'for_kort')
) as t (series_key, period_kind, period_label, period_start, value, centre_line, lower_limit, upper_limit,
    points_in_limits, signal_rule, trend_status);
create table reporting.rpt_risk_picture as
select
    'sanktioner' as risk_area_id, 'Sanktioner' as name_da, date '2024-09-01' as assessed_date, 4.5 as criteria_score,
    3.0 as indicator_score, 4.2 as score, 3 as level, 'Intensiveret tilsyn' as level_name_da, 'Jura' as reasons_da,
    true as is_example_policy;
create table reporting.rpt_supervision_plan as
select
    'sanktioner' as risk_area_id, 3 as level, 3 as frequency_months, date '2024-11-01' as next_due_date,
    30 as cases_per_round, 2024 as planned_year, 61::bigint as carried_out, 120::bigint as planned;
create table reporting.rpt_triangulation as
select
    'sanktioner' as risk_area_id, '2024' as period_label, 9::bigint as external_findings, 30::bigint as external_cases,
    100::bigint as own_reviews, 4::bigint as own_errors, 51::bigint as complaints, 12::bigint as complaints_upheld,
    30.0 as external_pct, 4.0 as own_pct, 'uenige' as agreement_da, true as is_disagreement;
create table reporting.rpt_follow_up as
select
    'f1' as follow_up_key, 'borgerraadgiveren' as source_id, 'BR-2' as follow_up_number,
    'anbefaling' as follow_up_kind, 'undersoegelse' as caused_by_kind, 'U-1' as caused_by_number,
    'sanktioner' as risk_area_id, 'C01' as centre_id, 'Centerchefen' as owner, date '2024-01-02' as opened_date,
    date '2024-09-01' as due_date, null::date as closed_date, 'aaben' as follow_up_status, 323 as age_days,
    true as is_overdue, 80 as days_overdue, true as is_external, true as is_fictional;
create table reporting.rpt_complaint_appendix as
select *
from (
    values
    ('2023-K4', 'Forvaltningen', 210::bigint, 318::bigint, null::bigint, false),
    ('2023-K4', 'Borgerrådgiveren', null, null, 2, true)
) as a (period_label, receiver_da, complaints, complaint_points, investigations_ended, is_suppressed);
create table reporting.rpt_reconciliation as
select
    'r1' as reconciliation_key, 'Omgørelse 2020' as subject_da, 'Hele landet' as authority,
    'kalenderaar' as period_kind, '2020' as period_label, 'omgjort' as measure, 'lab' as member, 'Statistik' as left_said_by,
    'https://example.org/a' as left_url, 19::numeric as left_value, 'Artikel' as right_said_by,
    'https://example.org/b' as right_url, 15::numeric as right_value, 4::numeric as difference,
    0.5 as tolerance, 'forklaret' as verdict, 'Kvalitetsenheden' as explained_by,
    'Gammel og ny lov er lagt sammen' as explanation_da;
create table reporting.rpt_published_figure_disagreement as
select
    'k' || row_number() over () as published_figure_key, 'ankestyrelsen' as source_id, page as source_url,
    'Ankestyrelsen' as publisher, 'Udgave' as title, date '2022-10-31' as published_date, 'Hele landet' as authority,
    law_id, law_id as law_name, 'kalenderaar' as period_kind, '2021' as period_label, 'i_alt' as outcome,
    'antal' as unit, value::numeric, page like '%a' as is_chosen, false as is_fictional, flags,
    flags is null as is_disagreed_on, flags is null as is_consistent
from (
    values
    ('https://example.org/a', 'lab', 1246, null),
    ('https://example.org/b', 'lab', 1233, null),
    ('https://example.org/a', 'sygedagpengeloven', 3549, 'udfald_ulig_i_alt')
) as f (page, law_id, value, flags);
create table reporting.rpt_complaint_overlap as
select
    'Eksempelby Kommune' as authority, 'kalenderaar' as period_kind, '2023' as period_label,
    date '2023-01-01' as period_start, date '2023-12-31' as period_end, 1149::bigint as own_complaints, 80::bigint as own_referred,
    71::bigint as own_referred_matched, 9::bigint as own_referred_unmatched, 84::bigint as referrals,
    71::bigint as referrals_matched, null::bigint as referrals_unmatched, 1162::bigint as counted_once,
    true as is_fictional;
create table reporting.fct_indicator_value as
select
    md5(row_number() over ()::text) as indicator_value_key, indicator_id, 1 as indicator_version, source_id,
    'alle' as organisation_id, authority, period_kind, period_label, period_start::date, period_end::date,
    breakdown_kind, breakdown_member, population as population_da, null::numeric as numerator,
    null::numeric as denominator, value::numeric, null::bigint as n, false as is_suppressed, is_fictional, 'endelig' as status
from (
    values
    ('klager_modtaget', 'klagesager', 'Eksempelby Kommune', 'kalenderaar', '2022', '2022-01-01', '2022-12-31',
        'Alle klager', 'ingen', 'alle', 1154, true),
    ('klager_modtaget', 'klagesager', 'Eksempelby Kommune', 'kalenderaar', '2023', '2023-01-01', '2023-12-31',
        'Alle klager', 'ingen', 'alle', 1149, true),
    ('klager_modtaget', 'klagesager', 'Eksempelby Kommune', 'kalenderaar', '2023', '2023-01-01', '2023-12-31',
        'Alle klager', 'risikoomraade', 'sanktioner', 12, true),
    ('borgerraadgiver_henvendelser', 'borgerraadgiveren', 'Københavns Kommune', 'beretningsaar', '2022/23',
        '2022-04-01', '2023-03-31', 'Henvendelser', 'ingen', 'alle', 1077, false)
) as v (indicator_id, source_id, authority, period_kind, period_label, period_start, period_end, population, breakdown_kind,
    breakdown_member, value, is_fictional);
create table reporting.rpt_indicator_reject_bounds as
select
    'klager_modtaget' as indicator_id, 1 as indicator_version, 'Eksempelby Kommune' as authority, 'kalenderaar' as period_kind,
    year as period_label, (year || '-01-01')::date as period_start, true as is_bounded, 13::bigint as rows_missing,
    2::bigint as rows_held, 1147::numeric as lowest_value, 1164::numeric as highest_value
from (values ('2022'), ('2023'), ('2024')) as years (year);
create table reporting.rpt_source_freshness as
select 'bif_complaints' as contract_id, 'klagesager' as source_id, 'Klagesager' as delivery_name_da, 1::bigint as load_id, date '2024-11-20' as cutoff_date, false as is_stale,
    null::text as stale_reason
union all
select 'borgerraadgiver_annual', 'borgerraadgiveren', 'Borgerrådgiveren', null, null, false, null;
grant usage on schema reporting to kvalitet_auditor;
grant select on all tables in schema reporting to kvalitet_auditor;
reset role;
