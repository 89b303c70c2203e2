#!/bin/sh
# Runs once, when the database server's volume is new: Airflow's own database, apart from the warehouse.
set -eu
psql --set ON_ERROR_STOP=1 --username postgres --dbname postgres \
  --set password="$(cat /run/secrets/airflow_database_password)" <<'SQL'
create role airflow login password :'password';
create database airflow owner airflow template template0 encoding 'UTF8';
revoke all on database airflow from public;
SQL
