"""Steps of rare work: errands in the container `admin`, TLS for readers, going back to an instant of the past."""

import json
import os
import time
from pathlib import Path

import nights
from installation import Failed, call
from place import Drill
from steps_loss import UP, VERIFY
from steps_nights import HEALTHY_WITHIN, sample_night

AS_ADMIN = "as_admin='PGPASSWORD=$(cat /run/secrets/admin_password) PGHOST=127.0.0.1 PGUSER=postgres'"
#: A source whose load is withdrawn and taken in again.
SOURCE = "court_cases"


def errands(drill: Drill) -> None:
    """Withdraw a delivery and take it in again, change keys and a password. The night after all of it publishes."""
    team = drill.team
    facts = json.loads(team.compose("exec", "-T", "scheduler", "kvalitet", "status", "--source", SOURCE, "--json"))
    load = {"17": str(facts["loads"][0]["load"])}
    withdrawn = team.documented(
        "docker compose run --rm admin kvalitet withdraw 17 --by 'A. Hansen' --reason 'the centre codes of last year'",
        replace=load,
    )
    replayed = team.documented("docker compose run --rm admin kvalitet replay 17", replace=load)
    drill.say(f"{withdrawn.strip()}\n{replayed.strip()}")
    drill.say(team.documented("docker compose run --rm admin kvalitet landing rotate-key").strip())
    team.documented("docker compose stop scheduler")
    drill.say(team.documented("docker compose run --rm admin kvalitet person rotate-key --by 'A. Hansen'").strip())
    team.documented("docker compose start scheduler")
    (team.docker / "secrets" / "kvalitet_loader").unlink()
    team.documented("./make-secrets.sh")
    team.documented("docker compose up --detach --wait --force-recreate")
    team.documented("docker compose kill")
    team.documented(UP)
    team.wait_until_healthy(HEALTHY_WITHIN)
    sample_night(drill, "the night after all of it")


def tls(drill: Drill) -> None:
    """A reader connects who accepts only the server that the certificate names."""
    if not _asked_as_admin(drill, "select setting from pg_settings where name = 'ssl_library'"):
        drill.say("skipped: this image's Postgres is built without TLS")
        return
    certificate = _mounted(drill, "certs") / "server.crt"
    key = certificate.with_suffix(".key")
    call(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1",
          "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(certificate)])  # fmt: skip
    key.chmod(0o600)
    _hand_over(drill, "certs")
    drill.team.documented(UP)
    drill.team.documented(
        AS_ADMIN,
        "docker compose exec postgres sh -c \"$as_admin psql --set ON_ERROR_STOP=1 -c 'alter system set ssl = on'"
        " -c \\\"alter system set ssl_cert_file = '/certs/server.crt'\\\""
        ' -c \\"alter system set ssl_key_file = \'/certs/server.key\'\\""',
    )
    drill.team.documented("docker compose up --detach --wait && docker compose restart postgres")
    drill.team.wait_until_healthy(HEALTHY_WITHIN)
    seen = nights.seen_by_bi(drill.team, sslmode="verify-full", sslrootcert=str(certificate))
    drill.say(f"`kvalitet_bi` reads publication {seen} over TLS (verify-full)")


def point_in_time(drill: Drill) -> None:
    """Go back to an instant, which undoes what was done after it."""
    team = drill.team
    _mounted(drill, "archive")
    _hand_over(drill, "archive")
    team.documented(UP)
    team.documented(
        AS_ADMIN,
        'docker compose exec postgres sh -c "$as_admin psql --set ON_ERROR_STOP=1'
        ' -c \\"alter system set archive_mode = on\\"'
        ' -c \\"alter system set archive_command = \'test ! -f /archive/%f && cp %p /archive/%f\'\\""',
    )
    team.documented("docker compose restart postgres")
    team.wait_until_healthy(HEALTHY_WITHIN)
    team.documented(
        AS_ADMIN,
        'docker compose exec postgres sh -c'
        ' "$as_admin pg_basebackup --format=tar --pgdata=/archive/base-\\$(date +%F)"',
    )  # fmt: skip
    base = next((drill.place / "archive").glob("base-*")).name
    before = nights.published(team)
    time.sleep(2)
    instant = team.compose("exec", "-T", "postgres", "date", "+%Y-%m-%d %H:%M:%S%:::z").strip()
    time.sleep(2)
    team.compose("run", "--rm", "admin", "kvalitet", "rollback", "--reason", "drill")
    if nights.published(team).events == before.events:
        raise Failed("The rollback is not in the ledger.")
    team.documented(
        "docker compose down && docker volume rm kvalitet_warehouse",
        replace={"kvalitet_warehouse": f"{team.project}_warehouse"},
    )
    team.documented(
        "docker compose run --rm --entrypoint sh postgres -c 'umask 077 && mkdir -p $PGDATA && cd $PGDATA &&"
        " tar --extract --file=/archive/base-2026-11-01/base.tar && touch recovery.signal &&"
        " printf \"%s\\n\" \"restore_command = '\\''cp /archive/%f %p'\\''\""
        " \"recovery_target_time = '\\''2026-11-03 07:55:00+01'\\''\""
        ' "recovery_target_action = promote" >> postgresql.auto.conf\'',
        replace={"base-2026-11-01": base, "2026-11-03 07:55:00+01": instant},
    )
    team.documented("docker compose up --detach --wait postgres")
    said = team.documented(
        "docker compose run --rm admin kvalitet restore --other-means 'point in time 2026-11-03 07:55'",
        replace={"2026-11-03 07:55": instant},
    )
    team.documented(UP)
    team.wait_until_healthy(HEALTHY_WITHIN)
    if nights.published(team).events != before.events:
        raise Failed(f"The ledger is not as it was at {instant}.")
    drill.say(f"{said.strip()}\nthe ledger is as it was at {instant}; {team.documented(VERIFY).strip()}")


def _asked_as_admin(drill: Drill, query: str) -> str:
    """The answer of Postgres to its superuser."""
    command = f'PGPASSWORD=$(cat /run/secrets/admin_password) psql --host 127.0.0.1 --username postgres -Atc "{query}"'
    return drill.team.compose("exec", "-T", "postgres", "sh", "-c", command).strip()


def _mounted(drill: Drill, name: str) -> Path:
    """A folder of the drill, mounted into Postgres at /NAME by an override. Folders of earlier steps stay mounted."""
    folder = drill.place / name
    folder.mkdir(exist_ok=True)
    mounts = [f'"{drill.place / one}:/{one}"' for one in ("certs", "archive") if (drill.place / one).is_dir()]
    (drill.team.docker / "compose.override.yaml").write_text(
        f"services:\n  postgres:\n    volumes: [{', '.join(mounts)}]\n"
    )
    return folder


def _hand_over(drill: Drill, name: str) -> None:
    """Give a folder to the user whom containers run as."""
    if os.geteuid() == 0:
        owner = int(drill.team.settings["KVALITET_UID"])
        for path in (drill.place / name, *(drill.place / name).iterdir()):
            os.chown(path, owner, owner)
