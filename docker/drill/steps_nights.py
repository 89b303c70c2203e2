"""Steps of an installation's life: from the build to nights in which every service is killed."""

import time

import httpx
import leaks
import nights
from browsing import follow_links, sign_in_by_browser
from installation import Failed, call, copy_checkout
from place import Drill

#: The image's own layers, without those of its base.
MOST_OWN_BYTES = 1_000_000_000
#: A machine under load may take longer than the minute that is promised for one that is not.
HEALTHY_WITHIN = 600.0
#: A task that died with its process is noticed after minutes; its night goes on then.
KILLED_NIGHT_WITHIN = 1800.0
#: When in a night a service is killed, in parts of a night that nothing disturbed.
INSTANTS = (0.05, 0.9)


def build(drill: Drill) -> None:
    """Secrets first, so that one that gets into the image is found there; then the image, as documented."""
    commit = copy_checkout(drill.root, drill.team.folder)
    drill.team.documented("./make-secrets.sh")
    drill.team.choose_ports()
    began = time.monotonic()
    drill.team.documented("docker compose build", patience=3600)
    drill.note(commit=commit)
    drill.say(f"commit {commit[:12]}: the image was built in {time.monotonic() - began:.0f} s")
    own = _own_layers(drill)
    for size, made_by in sorted(own, reverse=True)[:8]:
        drill.say(f"{size / 1e6:8.1f} MB  {made_by[:90]}")
    total = sum(size for size, _ in own)
    drill.say(f"{total / 1e6:8.1f} MB in {len(own)} layers of its own, beside its base's")
    if total > MOST_OWN_BYTES:
        raise Failed(f"The image's own layers are {total:,} bytes, more than {MOST_OWN_BYTES:,}.")


def _own_layers(drill: Drill) -> list[tuple[int, str]]:
    """Size and origin of each layer above the base's."""

    def history(image: str) -> list[str]:
        template = "{{.Size}}\t{{.CreatedBy}}"
        return call(["docker", "history", "--no-trunc", "--human=false", "--format", template, image]).splitlines()

    ours = history(drill.team.image)
    own = ours[: len(ours) - len(history(_base(drill)))]
    return [(int(size), made_by) for size, _, made_by in (line.partition("\t") for line in own)]


def _base(drill: Drill) -> str:
    lines = (drill.team.docker / "Dockerfile").read_text().splitlines()
    return [line.split()[1] for line in lines if line.startswith("FROM ")][-1]


def up(drill: Drill) -> None:
    began = time.monotonic()
    drill.team.documented("docker compose up --detach")
    drill.team.wait_until_healthy(HEALTHY_WITHIN)
    seconds = time.monotonic() - began
    drill.say(f"every service is healthy, {seconds:.0f} s after `docker compose up` began (60 s on an idle machine)")
    drill.team.documented("docker compose ps")


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
    _night(drill, "first")
    build = nights.published(drill.team).builds[0]
    drill.say(f"build {build['build']} is published, as of {build['as_of']}")


def second_night(drill: Drill) -> None:
    drill.note(night_seconds=_night(drill, "second"))


def _night(drill: Drill, name: str) -> float:
    """The sample's next night as documented; it must publish. Returns its seconds."""
    before, began = nights.published(drill.team).newest, time.monotonic()
    drill.team.documented("docker compose run --rm sample", patience=3600)
    seconds = time.monotonic() - began
    now = nights.expect_publication(drill.team, before)
    drill.say(f"the {name} night is publication {now.newest}, {seconds:.0f} s after its delivery")
    return seconds


def pages(drill: Drill) -> None:
    count, others = follow_links(drill.team.url("KVALITET_PAGES_PORT"))
    drill.say(f"{count} pages and {others} other files answer, every link of the front page and of those behind it")
    drill.say("each has its security headers; writing, other addresses and paths out of the folder are refused")


def secrets(drill: Drill) -> None:
    needles = leaks.Needles(drill.team.docker / "secrets")
    found, places = leaks.search(needles, drill.team, [_base(drill)])
    if found:
        raise Failed(f"Secrets are where none may be: {found}")
    drill.say(f"none of the secrets {', '.join(needles.names)}")
    drill.say(
        f"is in one of {places} places: layers, history, configuration, containers, logs, volumes of logs and pages"
    )


def kills(drill: Drill) -> None:
    """A night for each service, which dies at some instant of it; nobody lends a hand.

    Where the kill has ended the night, the next one must publish; so must one after all of them.
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
            _night(drill, f"undisturbed, after the kill of {service}:")
    _night(drill, "undisturbed, after every kill:")
