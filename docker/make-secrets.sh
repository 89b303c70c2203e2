#!/bin/sh
# Makes the secrets that compose.yaml mounts, one file each (0600), and docker/.env with the uid that may read them.
# Existing files are kept: run it again after an upgrade to get those that are new.
set -eu
umask 077
here=$(cd "$(dirname "$0")" && pwd)
folder=${KVALITET_SECRETS_DIR:-$here/secrets}

hex() { head -c "$1" /dev/urandom | od -An -vtx1 | tr -d ' \n'; }
keep() { # keep NAME VALUE: writes the file unless it is there
  [ -s "$folder/$1" ] && return
  printf '%s' "$2" >"$folder/$1.new"
  mv "$folder/$1.new" "$folder/$1"
  printf 'made %s\n' "$1"
}

mkdir -p "$folder"
chmod 700 "$folder"

# The database server's superuser: only the server itself, `migrate` and `admin`, which end, get it.
keep admin_password "$(hex 24)"

# One login role for each step and kind of reader.
for role in loader transformer gate rules publisher bi detail auditor; do
  keep "kvalitet_$role" "$(hex 24)"
done

# Keep a copy of this one apart from the database and its backups: without it no person can be found
# again, and with a new one every pseudonym changes.
keep pseudonym.key "$(hex 32)"

keep airflow_database_password "$(hex 24)"
keep airflow_database_url "postgresql+psycopg2://airflow:$(cat "$folder/airflow_database_password")@postgres:5432/airflow"
keep airflow_fernet_key "$(head -c 32 /dev/urandom | base64 | tr -d '\n' | tr '+/' '-_')"
keep airflow_jwt_secret "$(hex 32)"
keep airflow_api_secret_key "$(hex 32)"
keep airflow_users "{\"admin\": \"$(hex 12)\"}"

(umask 022 && mkdir -p "$here/inbox")
mkdir -p "$here/backups"

# Containers never run as root: files made by root are handed to the image's own uid.
uid=$(id -u)
if [ "$uid" -eq 0 ]; then
  uid=50000
  chown -R "$uid" "$folder" "$here/inbox" "$here/backups"
fi
if ! [ -e "$here/.env" ]; then
  printf 'KVALITET_UID=%s\n' "$uid" >"$here/.env"
fi
printf 'Secrets are in %s. Airflow user: admin, password in %s/airflow_users.\n' "$folder" "$folder"
