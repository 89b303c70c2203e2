"""Steps of an installation's life, from the build to nights in which every service is killed."""

import socket
import time

import httpx
import leaks
import nights
from browsing import follow_links, sign_in_by_browser
from installation import Failed, copy_checkout
from place import Drill

#: Services may take longer than the promised minute on a machine under load.
HEALTHY_WITHIN = 600.0
#: Airflow notices only after minutes that a task died with its process. Its night goes on then.
KILLED_NIGHT_WITHIN = 1800.0
#: When in a night a service is killed, as shares of the length of an undisturbed night.
INSTANTS = (0.05, 0.9)


def build(drill: Drill) -> None:
    """Make the secrets first, so that one in the image would be found there. Then build the image, as documented."""
    commit = copy_checkout(drill.root, drill.team.folder)
    drill.team.documented("./make-secrets.sh")
    drill.team.choose_ports()
    began = time.monotonic()
    drill.team.documented("docker compose build", patience=3600)
    drill.note(commit=commit)
    drill.say(f"commit {commit[:12]}: the image was built in {time.monotonic() - began:.0f} s")
    drill.say(drill.team.promises("layers", drill.team.image))


def up(drill: Drill) -> None:
    began = time.monotonic()
    drill.team.documented("docker compose up --detach --wait")
    drill.team.wait_until_healthy(HEALTHY_WITHIN)
    seconds = time.monotonic() - began
    drill.say(f"every service is healthy, {seconds:.0f} s after `docker compose up` began (60 s on an idle machine)")
    if outdated := drill.team.outdated_networks():
        raise Failed(f"These networks are not as compose.yaml describes them: {outdated}")
    drill.team.documented("docker compose ps")
    drill.team.documented("docker compose logs api-server")
    drill.team.documented("ls -ln secrets")
    drill.team.documented(
        "docker inspect --format '{{json .State.Health}}' kvalitet-dag-processor-1",
        replace={"kvalitet-dag-processor": f"{drill.team.project}-dag-processor"},
    )


def login(drill: Drill) -> None:
    url = drill.team.url("KVALITET_AIRFLOW_PORT")
    with nights.airflow(drill.team) as client:
        drill.say(f"`admin` signs in with the password from the secrets and sees {len(client.dags())} DAGs")
    wrong = httpx.post(f"{url}/auth/token", json={"username": "admin", "password": "wrong"}, trust_env=False)
    nobody = httpx.get(f"{url}/api/v2/dags", trust_env=False)
    if wrong.status_code != 401 or nobody.status_code != 401:
        raise Failed(f"A wrong password gets {wrong.status_code}, no password {nobody.status_code}; both must get 401.")
    drill.say("a wrong password and none are refused")
    drill.say(f"in a browser: {sign_in_by_browser(url, nights.USER, nights.password(drill.team))}")


def first_night(drill: Drill) -> None:
    sample_night(drill, "the first night")
    built_from = drill.team.documented("docker compose run --rm admin cat /app/code-version").strip()
    if built_from != drill.fact("commit"):
        raise Failed(f"The image says that it was built from {built_from}, not from {drill.fact('commit')}.")
    drill.team.documented("docker compose run --rm admin kvalitet status")
    drill.say("the image names its commit, and `status` answers")


def second_night(drill: Drill) -> None:
    """Run a night on what lies in the inbox, without the sample, as with real deliveries."""
    nights.deliver(drill.team)
    before, began = nights.published(drill.team).newest, time.monotonic()
    drill.team.documented("docker compose run --rm admin kvalitet run --no-sample", patience=3600)
    now = nights.expect_publication(drill.team, before)
    drill.note(night_seconds=time.monotonic() - began)
    drill.say(f"a night by hand is publication {now.newest}, {drill.fact('night_seconds'):.0f} s")


def sample_night(drill: Drill, name: str) -> None:
    """Run the sample's next night as documented. It must publish."""
    before, began = nights.published(drill.team).newest, time.monotonic()
    drill.team.documented("docker compose run --rm sample", patience=3600)
    now = nights.expect_publication(drill.team, before)
    drill.say(f"{name} is publication {now.newest}, {time.monotonic() - began:.0f} s")


def pages(drill: Drill) -> None:
    count, others = follow_links(drill.team.url("KVALITET_PAGES_PORT"))
    drill.say(f"{count} pages and {others} other files answer, every link of the front page and of those behind it")
    drill.say("each has its security headers; writing, other addresses and paths out of the folder are refused")


def secrets(drill: Drill) -> None:
    team = drill.team
    drill.say(team.promises("secrets", team.image, "secrets", team.project))
    needles = leaks.Needles(team.docker / "secrets")
    if found := leaks.search(needles, team):
        raise Failed(f"Secrets are where none may be: {found}")
    drill.say(f"nor in the image's history, the tasks' logs and the pages: none of {', '.join(needles.names)}")


def closed(drill: Drill) -> None:
    """Check the way to a port that listens on this host, and to one of another machine."""
    with socket.create_server(("0.0.0.0", 0)) as listening:  # noqa: S104 - containers must find it, nothing answers
        here = f"{_own_address()}:{listening.getsockname()[1]}"
        said = drill.team.documented(
            "python3 promises.py closed kvalitet:local kvalitet 1.1.1.1:53",
            replace={"kvalitet:local kvalitet": f"{drill.team.image} {drill.team.project} {here}"},
        )
    drill.say(said)
    drill.team.documented("docker compose restart forward")
    drill.team.wait_until_healthy(HEALTHY_WITHIN)


def _own_address() -> str:
    """This machine's address towards others. Nothing is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as towards:
        towards.connect(("192.0.2.1", 9))
        return towards.getsockname()[0]


def kills(drill: Drill) -> None:
    """Run a night for each service, which is killed at some instant of it. Nobody helps.

    Where the kill has ended the night, the next night must publish. The night after all of them must publish as well.
    """
    services = [name for name, service in drill.team.configured().items() if "healthcheck" in service]
    drill.chance.shuffle(services)
    for service in services:
        before = nights.published(drill.team).newest
        nights.deliver(drill.team)
        run_id = nights.begin(drill.team)
        instant = drill.chance.uniform(*INSTANTS) * drill.fact("night_seconds")
        time.sleep(instant)
        started_at = drill.team.kill(service)
        began = time.monotonic()
        drill.team.wait_until_healthy(HEALTHY_WITHIN, changed={service: started_at})
        healthy = time.monotonic() - began
        state = nights.wait(drill.team, run_id, KILLED_NIGHT_WITHIN)
        has_published = nights.published(drill.team).newest > before
        drill.say(
            f"{service} killed after {instant:.0f} s: all healthy after {healthy:.0f} s; its night ended after"
            f" {time.monotonic() - began:.0f} s ({state}), {'published' if has_published else 'not published'}"
        )
        if not has_published:
            sample_night(drill, f"the night after the kill of {service}")
    sample_night(drill, "the night after all kills")
