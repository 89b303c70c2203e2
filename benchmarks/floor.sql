-- The floor under the whole night: the complaint deliveries copied as text, and the same star and
-- indicators made of them in plain SQL, by hand, for one delivery and nothing else. Run with psql
-- --single-transaction in a folder that holds the files named below; :as_of is the delivery's day.
--
-- It writes what the night writes, column for column, and drops the rows that the contract sets
-- aside (without recording which or why). It has no history, no pseudonyms, no rights, no checks,
-- no hidden small counts, no report pages, and none of the other sources' figures.
\set ON_ERROR_STOP on
set work_mem = '128MB';
set maintenance_work_mem = '256MB';
drop schema if exists floor cascade;
create schema floor;
set search_path = floor;

\ir floor/copy.sql
\ir floor/dimensions.sql
\ir floor/accepted.sql
\ir floor/facts.sql
\ir floor/indicators.sql
