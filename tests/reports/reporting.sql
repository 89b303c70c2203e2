-- The tables of the star that the pages read, with one publication's worth of rows.
create schema reporting authorization kvalitet_publication_owner;
set local role kvalitet_publication_owner;
create table reporting.publication as
select 1::bigint as publication_id, 1::bigint as build_id, date '2024-11-20' as as_of_date, null::text as note;
create table reporting.dim_indicator (
    indicator_id text, version int, name_da text, definition_da text, numerator_da text, denominator_da text,
    unit text, direction text, dated_by text, open_cases_da text, population_da text, legal_basis text, owner text,
    valid_from_year int, valid_to_year int, decimals int
);
insert into reporting.dim_indicator values
('klager_modtaget', 1, 'Modtagne klager', 'Antal klager.', 'Klager', null, 'antal', 'lavere_er_bedre', 'modtaget',
    'Tæller med.', 'Alle klager', null, 'Kvalitetsenheden', 2019, null, 0),
('borgerraadgiver_henvendelser', 1, 'Henvendelser til Borgerrådgiveren', 'Antal.', null, null, 'antal', 'neutral',
    'oplyst', null, 'Henvendelser', null, 'Kvalitetsenheden', 2019, null, 0);
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
    'ingen' as breakdown_kind, 'alle' as breakdown_member, population as population_da, null::numeric as numerator,
    null::numeric as denominator, value::numeric, null::bigint as n, false as is_suppressed, is_fictional, 'endelig' as status
from (
    values
    ('klager_modtaget', 'klagesager', 'Eksempelby Kommune', 'kalenderaar', '2022', '2022-01-01', '2022-12-31',
        'Alle klager', 1154, true),
    ('klager_modtaget', 'klagesager', 'Eksempelby Kommune', 'kalenderaar', '2023', '2023-01-01', '2023-12-31',
        'Alle klager', 1149, true),
    ('borgerraadgiver_henvendelser', 'borgerraadgiveren', 'Københavns Kommune', 'beretningsaar', '2022/23',
        '2022-04-01', '2023-03-31', 'Henvendelser', 1077, false)
) as v (indicator_id, source_id, authority, period_kind, period_label, period_start, period_end, population, value,
    is_fictional);
create table reporting.rpt_source_freshness as
select 'bif_complaints' as contract_id, 'klagesager' as source_id, 'Klagesager' as delivery_name_da, 1::bigint as load_id, date '2024-11-20' as cutoff_date, false as is_stale,
    null::text as stale_reason
union all
select 'borgerraadgiver_annual', 'borgerraadgiveren', 'Borgerrådgiveren', null, null, false, null;
grant usage on schema reporting to kvalitet_auditor;
grant select on all tables in schema reporting to kvalitet_auditor;
reset role;
