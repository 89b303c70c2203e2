"""Steps of what an installation must survive: loss of everything, a person's wish, a new version, its own end."""

import csv
import json
import re
import shutil
import time

import nights
from installation import Failed, Installation, call
from place import Drill
from steps_nights import HEALTHY_WITHIN, KILLED_NIGHT_WITHIN

#: How docker/README.md writes the name of a backup.
EXAMPLE = "kvalitet-20260103T040000Z"
#: A connection whose password Airflow keeps locked with its own key.
CONNECTION, CONNECTION_PASSWORD = "drill", "only-for-the-drill"


def backup(drill: Drill) -> None:
    """While a night runs, and with something in Airflow's database that only its key opens."""
    team = drill.team
    address = f"http://drill:{CONNECTION_PASSWORD}@eksempelby.invalid"
    team.compose("exec", "-T", "scheduler", "airflow", "connections", "add", CONNECTION, "--conn-uri", address)
    before = nights.published(team)
    nights.deliver(team)
    run_id = nights.begin(team)
    time.sleep(drill.chance.uniform(0.2, 0.8) * drill.fact("night_seconds"))
    began = time.monotonic()
    team.documented(
        "docker compose run --rm admin kvalitet backup --to /var/lib/kvalitet/backups"
        " --keys-to /var/lib/kvalitet/backups/keys"
    )
    seconds = time.monotonic() - began
    state = nights.wait(team, run_id, KILLED_NIGHT_WITHIN)
    nights.expect_publication(team, before.newest)
    name = max(path.name for path in (team.docker / "backups").glob("kvalitet-2*"))
    size = sum(file.stat().st_size for file in (team.docker / "backups" / name).rglob("*") if file.is_file())
    drill.note(backup=name, backed_up=before.newest)
    drill.say(f"{name}: {size / 1e6:.0f} MB in {seconds:.0f} s, while a night ran that went on to its end ({state})")


def restore(drill: Drill) -> None:
    """Volumes and secrets are gone, as with a lost machine; what is left is the backup and the keys beside it."""
    team = drill.team
    team.documented("docker compose down --volumes")
    if volumes := team.left()["volumes"]:
        raise Failed(f"Volumes outlive `down --volumes`: {volumes}")
    shutil.rmtree(team.docker / "secrets")
    team.documented("./make-secrets.sh")
    began = time.monotonic()
    said = team.documented(
        f"docker compose run --rm admin kvalitet restore /var/lib/kvalitet/backups/{EXAMPLE}"
        " --keys /var/lib/kvalitet/backups/keys",
        replace={EXAMPLE: drill.fact("backup")},
    )
    if "certificates and" not in said:
        raise Failed(f"The restore does not say what it verified:\n{said}")
    drill.say(f"restored and verified by itself in {time.monotonic() - began:.0f} s")
    if "Nothing is taken in yet" in said:
        team.documented(
            "docker compose run --rm admin kvalitet person confirm-erasures --by 'A. Hansen' --reason 'done, 2026-114'"
        )
        drill.say("it took nothing in before the erasures that it may have undone were confirmed")
    team.documented("docker compose up --detach")
    team.wait_until_healthy(HEALTHY_WITHIN)
    drill.say(f"every service is healthy {time.monotonic() - began:.0f} s after the restore began")
    kept = json.loads(
        team.compose("exec", "-T", "scheduler", "airflow", "connections", "get", CONNECTION, "--output", "json")
    )
    if kept[0]["password"] != CONNECTION_PASSWORD:
        raise Failed("Airflow's key does not open what was locked with it before the restore.")
    drill.say("Airflow opens a connection's password that was locked before the loss")


def verify(drill: Drill) -> None:
    said = drill.team.documented("docker compose run --rm admin kvalitet verify")
    drill.say(f"verify: {' '.join(said.split())}")
    now = nights.published(drill.team)
    if now.newest < drill.fact("backed_up"):
        raise Failed(f"Publication {drill.fact('backed_up')} was backed up, and the newest is {now.newest}.")
    drill.team.documented("docker compose run --rm sample", patience=3600)
    drill.say(f"the night after the restore is publication {nights.expect_publication(drill.team, now.newest).newest}")


def erase(drill: Drill) -> None:
    """A person of the first delivery. The number is typed in, and is in nothing that is said."""
    number = _person(drill.team)
    ask = ["run", "--rm", "-T", "admin", "kvalitet", "person"]
    held = drill.team.compose(*ask, "show", stdin=f"{number}\n")
    if "Nothing is held" in held:
        raise Failed("Nothing is held on a person of the first delivery.")
    said = drill.team.compose(*ask, "erase", "--reason", "drill", "--yes", stdin=f"{number}\n")
    if not re.search(r"Erasure \d+: [1-9]", said):
        raise Failed(f"The erasure does not say what it did:\n{said}")
    after = drill.team.compose(*ask, "show", stdin=f"{number}\n")
    if "Nothing is held on this person" not in after:
        raise Failed("Something is held on the person after the erasure.")
    if any(number in text or number.replace("-", "") in text for text in (held, said, after)):
        raise Failed("The person's number is in what the commands say.")
    drill.say(" ".join(line for line in said.split("\n") if "Erasure" in line).strip())
    drill.say(f"nothing is held on the person; {' '.join(drill.team.documented(VERIFY).split())}")


VERIFY = "docker compose run --rm admin kvalitet verify"


def _person(team: Installation) -> str:
    """An identity number of the fictional municipality's first complaints."""
    file = min((team.docker / "inbox" / "bif_complaints").glob("klager_*.csv"))
    with file.open(encoding="utf-8", newline="") as rows:
        return next(row["CPR"] for row in csv.DictReader(rows) if re.fullmatch(r"\d{6}-?\d{4}", row["CPR"]))


def upgrade(drill: Drill) -> None:
    """From the image of an earlier commit to this one on the same volumes, with a night on either side."""
    drill.team.compose("stop")  # two installations at once are more than a small machine can carry
    new = drill.upgraded
    call(["git", "clone", "--quiet", "--no-hardlinks", str(drill.team.folder), str(new.folder)])
    try:
        call(["git", "reset", "--quiet", "--hard", drill.earlier], new.folder)
    except Failed:
        raise Failed(f"The clone lacks commit {drill.earlier}: fetch the whole history (fetch-depth: 0).") from None
    call(["./make-secrets.sh"], new.docker)
    new.choose_ports()
    call(["bash", "-c", "KVALITET_CODE_VERSION=$(git rev-parse HEAD) docker compose build"], new.docker, patience=3600)
    call(["chown", "--reference", "secrets", "inbox"], new.docker)
    new.compose("up", "--detach")
    new.wait_until_healthy(HEALTHY_WITHIN)
    nights.deliver(new)
    nights.wait(new, nights.begin(new), KILLED_NIGHT_WITHIN)
    before = nights.expect_publication(new, 0)
    drill.say(f"commit {drill.earlier} has published {before.newest}")
    began = time.monotonic()
    new.documented("git pull && ./make-secrets.sh", patience=3600)
    new.documented("docker compose build && docker compose up --detach", patience=3600)
    new.wait_until_healthy(HEALTHY_WITHIN)
    drill.say(f"upgraded in {time.monotonic() - began:.0f} s: every service is healthy")
    new.documented("docker compose run --rm sample", patience=3600)
    now = nights.expect_publication(new, before.newest)
    drill.say(f"the night after it is publication {now.newest}")
    drill.say(f"verify: {' '.join(new.documented(VERIFY).split())}")
    new.remove()


def down(drill: Drill) -> None:
    """Volumes stay until somebody says that they may go."""
    drill.team.documented("docker compose down")
    left = drill.team.left()
    if left["containers"] or left["networks"] or not left["volumes"]:
        raise Failed(f"After `docker compose down`: {left}")
    drill.team.documented("docker compose down --volumes")
    left = drill.team.left()
    if left["containers"] or left["networks"] or left["volumes"]:
        raise Failed(f"After `docker compose down --volumes`: {left}")
    drill.say("`down` keeps the volumes and nothing else, `down --volumes` keeps nothing")
