"""Steps that an installation must survive: the loss of everything, an erasure, a new version, and its removal."""

import csv
import json
import re
import shutil
import time

import nights
from installation import Failed, Installation, call
from place import Drill
from steps_nights import HEALTHY_WITHIN, KILLED_NIGHT_WITHIN, sample_night

#: A connection whose password Airflow encrypts with its own key.
CONNECTION, CONNECTION_PASSWORD = "drill", "only-for-the-drill"
VERIFY = "docker compose run --rm admin kvalitet verify"
UP = "docker compose up --detach --wait"
RESTORE = "docker compose run --rm admin kvalitet restore /var/lib/kvalitet/backups/kvalitet-<time>"
CONFIRM = (
    "docker compose run --rm admin kvalitet person confirm-erasures --by 'A. Hansen'"
    " --reason 'erased again from case 2026-114'"
)
ERASE = (
    "docker compose run --rm admin kvalitet person erase --by 'A. Hansen' --reason 'request of 3 March, case 2026-114'"
)


def backup(drill: Drill) -> None:
    """Back up while a night runs, and with something in Airflow's database that only its key opens."""
    team = drill.team
    address = f"http://drill:{CONNECTION_PASSWORD}@eksempelby.invalid"
    team.compose("exec", "-T", "scheduler", "airflow", "connections", "add", CONNECTION, "--conn-uri", address)
    team.documented("docker compose run --rm admin kvalitet backup --to /var/lib/kvalitet/backups")
    without_keys = _backups(team)
    before = nights.published(team)
    nights.deliver(team)
    run_id = nights.begin(team)
    time.sleep(drill.chance.uniform(0.2, 0.8) * drill.fact("night_seconds"))
    began = time.monotonic()
    team.documented(
        "docker compose run --rm admin kvalitet backup --to /var/lib/kvalitet/backups"
        " --keys-to /var/lib/kvalitet/secrets/backup"
    )
    seconds = time.monotonic() - began
    (made,) = _backups(team) - without_keys
    state = nights.wait(team, run_id, KILLED_NIGHT_WITHIN)
    nights.expect_publication(team, before.newest)
    team.documented(
        "0 12 * * * cd /srv/kvalitet/docker && docker compose run --rm -T admin kvalitet backup"
        " --to /var/lib/kvalitet/backups",
        replace={"0 12 * * * cd /srv/kvalitet/docker && ": ""},
    )
    size = sum(file.stat().st_size for file in (team.docker / "backups" / made).rglob("*") if file.is_file())
    keys = next((team.docker / "secrets" / "backup").glob("kvalitet-keys-*"))
    drill.note(backup=made, keys=keys.name, backed_up=before.newest)
    drill.say(f"{made}: {size / 1e6:.0f} MB in {seconds:.0f} s, while a night ran that went on to its end ({state})")
    drill.say(f"the line of cron has made {max(_backups(team))}, without a terminal")


def _backups(team: Installation) -> set[str]:
    return {path.name for path in (team.docker / "backups").glob("kvalitet-2*")}


def restore(drill: Drill) -> None:
    """Restore after volumes and secrets are lost, as with a lost machine. The backup and keys elsewhere are left."""
    team, elsewhere = drill.team, drill.place / "keys"
    secrets, keys = team.docker / "secrets", team.docker / "secrets" / "backup"
    shutil.move(keys, elsewhere)
    shutil.rmtree(secrets)
    team.documented("./make-secrets.sh")
    shutil.move(elsewhere, keys)
    team.documented("docker compose down --volumes")
    if volumes := team.left()["volumes"]:
        raise Failed(f"Volumes outlive `down --volumes`: {volumes}")
    began = time.monotonic()
    team.documented("docker compose up --detach --wait postgres")
    with_keys = f"{drill.fact('backup')} --keys /var/lib/kvalitet/secrets/backup/{drill.fact('keys')}"
    said = team.documented(RESTORE, replace={"kvalitet-<time>": with_keys})
    drill.say(f"restored {time.monotonic() - began:.0f} s after the empty server was started:\n{said.strip()}")
    drill.say(team.documented(VERIFY).strip())
    if "Nothing is taken in yet" in said:
        team.documented(CONFIRM)
        drill.say("the erasures that it may have undone were confirmed")
    team.documented(UP)
    team.wait_until_healthy(HEALTHY_WITHIN)
    drill.say(f"every service is healthy {time.monotonic() - began:.0f} s after the empty server was started")
    kept = json.loads(
        team.compose("exec", "-T", "scheduler", "airflow", "connections", "get", CONNECTION, "--output", "json")
    )
    if kept[0]["password"] != CONNECTION_PASSWORD:
        raise Failed("Airflow's key does not open what was locked with it before the restore.")
    drill.say("Airflow opens a connection's password that was locked before the loss")
    if nights.seen_by_bi(team) < drill.fact("backed_up"):
        raise Failed("Readers do not see what was backed up.")


def verify(drill: Drill) -> None:
    now = nights.published(drill.team)
    if now.newest < drill.fact("backed_up"):
        raise Failed(f"Publication {drill.fact('backed_up')} was backed up, and the newest is {now.newest}.")
    sample_night(drill, "the night after the restore")
    drill.say(drill.team.documented(VERIFY).strip())


def erase(drill: Drill) -> None:
    """Erase a person of the first delivery. The number is typed in, and no output holds it."""
    number = _person(drill.team)
    show = ["run", "--rm", "-T", "admin", "kvalitet", "person", "show"]
    held = drill.team.compose(*show, stdin=f"{number}\n")
    if "Nothing is held" in held:
        raise Failed("Nothing is held on a person of the first delivery.")
    said = _erased(drill.team, number)
    after = drill.team.compose(*show, stdin=f"{number}\n")
    if "Nothing is held on this person" not in after:
        raise Failed("Something is held on the person after the erasure.")
    if any(number in text or number.replace("-", "") in text for text in (held, said, after)):
        raise Failed("The person's number is in what the commands say.")
    drill.say(said)
    drill.say("nothing is held on the person any more; " + drill.team.documented(VERIFY).strip())


def _erased(team: Installation, number: str) -> str:
    """The erasure's output, without the question it asks first. Raises Failed where nothing was erased."""
    said = team.documented(ERASE, replace={"--rm admin": "--rm -T admin"}, stdin=f"{number}\ny\n")
    if not (found := re.search(r"Erasure \d+: [1-9].*", said, re.DOTALL)):
        raise Failed(f"The erasure does not say what it did:\n{said}")
    return found[0].strip()


def go_back(drill: Drill) -> None:
    """Go back in place to the backup before the erasure. No delivery is taken in until the person is erased again."""
    team = drill.team
    team.documented("docker compose down")
    team.documented(
        "docker volume rm kvalitet_warehouse kvalitet_work kvalitet_site", replace={"kvalitet_": f"{team.project}_"}
    )
    team.documented("docker compose up --detach --wait postgres")
    said = team.documented(RESTORE, replace={"kvalitet-<time>": drill.fact("backup")})
    if "Nothing is taken in yet" not in said:
        raise Failed(f"The restore does not say that it has undone an erasure:\n{said}")
    drill.say(said[said.index("Nothing is taken in yet") :].strip())
    try:
        team.compose("run", "--rm", "admin", "kvalitet", "extract", "organisation")
    except Failed:
        drill.say("an extract is refused meanwhile")
    else:
        raise Failed("A delivery was taken in before the erasure was confirmed.")
    drill.say(_erased(team, _person(team)))
    team.documented(CONFIRM)
    team.documented(UP)
    team.wait_until_healthy(HEALTHY_WITHIN)
    sample_night(drill, "the night after it")
    drill.say(team.documented(VERIFY).strip())


def _person(team: Installation) -> str:
    """An identity number of the fictional municipality's first complaints."""
    file = min((team.docker / "inbox" / "bif_complaints").glob("klager_*.csv"))
    with file.open(encoding="utf-8", newline="") as rows:
        return next(row["CPR"] for row in csv.DictReader(rows) if re.fullmatch(r"\d{6}-?\d{4}", row["CPR"]))


def upgrade(drill: Drill) -> None:
    """Upgrade the image of an earlier commit to this one on the same volumes, with a night before and a night after."""
    drill.team.compose("stop")  # a small machine cannot carry two installations at once
    new = drill.upgraded
    new.remove()
    call(["git", "clone", "--quiet", "--no-hardlinks", str(drill.team.folder), str(new.folder)])
    try:
        call(["git", "reset", "--quiet", "--hard", drill.earlier], new.folder)
    except Failed:
        raise Failed(f"The clone lacks commit {drill.earlier}: fetch the whole history (fetch-depth: 0).") from None
    call(["./make-secrets.sh"], new.docker)
    new.choose_ports()
    commit = call(["git", "rev-parse", "HEAD"], new.folder).strip()
    new.documented("KVALITET_CODE_VERSION=<commit> docker compose build", replace={"<commit>": commit}, patience=3600)
    new.compose("up", "--detach")
    new.wait_until_healthy(HEALTHY_WITHIN)
    nights.deliver(new)
    nights.wait(new, nights.begin(new), KILLED_NIGHT_WITHIN)
    before, loaded = nights.expect_publication(new, 0), nights.newest_load(new)
    drill.say(f"commit {drill.earlier} has published {before.newest}")
    began = time.monotonic()
    new.documented("git pull && ./make-secrets.sh", patience=3600)
    new.documented("docker compose build", patience=3600)
    new.documented("docker compose down")
    new.documented(UP, patience=3600)
    new.wait_until_healthy(HEALTHY_WITHIN)
    drill.say(f"upgraded in {time.monotonic() - began:.0f} s: every service is healthy")
    with nights.airflow(new) as client:
        if errors := client.import_errors():
            raise Failed(f"DAGs cannot be read after the upgrade: {errors}")
    if outdated := new.outdated_networks():
        raise Failed(f"These networks are still those of commit {drill.earlier}: {outdated}")
    if "collation version mismatch" in new.compose("logs", "postgres"):
        raise Failed("The upgraded server's collations are not those that indexes were built with.")
    if nights.seen_by_bi(new) != before.newest:
        raise Failed(f"Readers do not see publication {before.newest} after the upgrade.")
    new.documented("docker compose run --rm sample", patience=3600)
    now = nights.expect_publication(new, before.newest)
    drill.say(f"the night after it is publication {now.newest}")
    drill.say(_nothing_changed_by_itself(new, loaded))
    drill.say(new.documented(VERIFY).strip())
    new.remove()
    drill.team.compose("start")


def _nothing_changed_by_itself(team: Installation, loaded: int) -> str:
    """The new version reads older deliveries anew. Raises Failed where a row counts as changed by its source."""
    anew = nights.read_anew(team, loaded)
    if changed := {source: rows for source, (rows, _) in anew.items() if rows}:
        raise Failed(f"Rows count as changed by their source, which delivered nothing new: {changed}")
    if not anew:
        raise Failed("Nothing was read anew after the upgrade.")
    reread = sum(rows for _, rows in anew.values())
    return f"{len(anew)} sources were read anew: no row counts as changed by its source, {reread} are read otherwise"


def down(drill: Drill) -> None:
    """Check that `down` keeps the volumes until it is told to remove them."""
    drill.team.compose("down")
    left = drill.team.left()
    if left["containers"] or left["networks"] or not left["volumes"]:
        raise Failed(f"After `docker compose down`: {left}")
    drill.team.documented("docker compose down --volumes --rmi local")
    left = drill.team.left()
    if left["containers"] or left["networks"] or left["volumes"] or call(["docker", "images", "-q", drill.team.image]):
        raise Failed(f"After `docker compose down --volumes --rmi local`: {left}")
    drill.say("`down` keeps the volumes and nothing else, `down --volumes --rmi local` keeps nothing")
