"""The parts of the drill. Tests that need an engine are skipped where none answers. `make drill` runs all of it."""

import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import ClassVar

import pytest
from browsing import HEADERS, follow_links
from installation import Failed, Installation, call, copy_checkout, missing_engine
from leaks import Needles
from place import Drill

ROOT = Path(__file__).parents[2]
DRILL = ROOT / "docker" / "drill"
NO_ENGINE = missing_engine()
needs_engine = pytest.mark.skipif(bool(NO_ENGINE), reason=NO_ENGINE)


def drill(*arguments: str, path: str | None = None) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": path, "HOME": "/nonexistent"} if path is not None else None
    command = [sys.executable, DRILL, *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def test_drill_without_engine_skips_or_fails(tmp_path: Path) -> None:
    skipped, required = drill(path=str(tmp_path)), drill("--require-engine", path=str(tmp_path))
    assert (skipped.returncode, required.returncode) == (0, 2)
    assert skipped.stdout == required.stdout == "Skipped: docker is not installed.\n"


def test_silent_engine_is_said_with_reason(tmp_path: Path) -> None:
    (tmp_path / "docker").write_text("#!/bin/sh\necho 'Cannot connect to the Docker daemon' >&2\nexit 1\n")
    (tmp_path / "docker").chmod(0o755)
    assert drill(path=f"{tmp_path}:/usr/bin:/bin").stdout == (
        "Skipped: no engine answers: Cannot connect to the Docker daemon.\n"
    )


def test_help_names_every_step() -> None:
    said = drill("--help").stdout
    steps = ["build", "up", "login", "first-night", "pages", "second-night", "secrets", "kills", "backup", "restore",
             "verify", "erase", "upgrade", "down"]  # fmt: skip
    places = [said.index(step) for step in [f"{{{steps[0]}", *(f",{step}" for step in steps[1:])]]
    assert places == sorted(places), "in the order of an installation's life"


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    folder = tmp_path / "checkout"
    folder.mkdir()
    (folder / "kept").write_text("as committed\n")
    who = ["-c", "user.name=Test", "-c", "user.email=test@example.dk"]
    for arguments in (["init", "-q"], ["add", "."], [*who, "commit", "-qm", "First"]):
        call(["git", *arguments], folder)
    return folder


def test_copy_is_of_checkout_as_it_stands(checkout: Path, tmp_path: Path) -> None:
    head = call(["git", "rev-parse", "HEAD"], checkout).strip()
    assert copy_checkout(checkout, tmp_path / "clean") == head
    (checkout / "kept").write_text("changed\n")
    assert copy_checkout(checkout, tmp_path / "changed") != head
    assert (tmp_path / "changed" / "kept").read_text() == "changed\n"
    assert call(["git", "status", "--porcelain"], checkout) == " M kept\n", "the checkout itself is as it was"


def test_foreign_settings_do_not_reach_drills(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COMPOSE_PROJECT_NAME", "kvalitet")
    monkeypatch.setenv("KVALITET_SECRETS_DIR", "/etc/kvalitet")
    assert not re.findall("COMPOSE_|KVALITET_", call(["env"]))


def test_two_checkouts_have_different_drills(tmp_path: Path) -> None:
    here, there = (Drill(folder, 1, "HEAD", print) for folder in (tmp_path / "a", tmp_path / "b"))
    assert len({one.project for drill in (here, there) for one in (drill.team, drill.upgraded)}) == 4


def test_a_seed_gives_the_same_instants(tmp_path: Path) -> None:
    drawn = [[Drill(tmp_path, seed, "HEAD", print).chance.random() for _ in range(2)] for seed in (7, 7, 8)]
    assert drawn[0] == drawn[1] != drawn[2]


def test_failed_command_shows_its_last_lines() -> None:
    with pytest.raises(Failed, match="exit code 3:\nthe reason"):
        call(["sh", "-c", "echo the reason; exit 3"])
    with pytest.raises(Failed, match="has not ended after 1 s"):
        call(["sleep", "20"], patience=1)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("postgresql://loader:0123456789abcdef01@db/x", ["kvalitet_loader"]),
        ("MDEyMzQ1Njc4OWFiY2RlZjAx", ["kvalitet_loader"]),
        ('{"admin": "fedcba98765432100"}', ["airflow_users"]),
        ("0123456789abcdef0 1", []),
        ("admin", []),
    ],
)
def test_secret_is_found_plain_and_in_base64(tmp_path: Path, text: str, found: list[str]) -> None:
    (tmp_path / "kvalitet_loader").write_text("0123456789abcdef01")
    (tmp_path / "airflow_users").write_text('{"admin": "fedcba98765432100"}')
    (tmp_path / "backup").mkdir()
    chunks = [b"\0binary\xff\n" * 1000, text.encode(), b"\n\0more"]
    assert Needles(tmp_path).found_in(chunks) == found


class Pages(BaseHTTPRequestHandler):
    """A site of two pages and a style sheet. The test sets what is missing or unsafe."""

    files: ClassVar[dict[str, str]] = {}
    lacks: ClassVar[str] = ""

    def do_GET(self) -> None:
        body = self.files.get(self.path)
        self.send_response(200 if body is not None else 404)
        self.send_header("Content-Type", "text/html" if self.path.endswith(("/", ".html")) else "text/css")
        for name in HEADERS:
            if (self.path, name) != (self.lacks, HEADERS[0]):
                self.send_header(name, "x")
        self.end_headers()
        self.wfile.write((body or "").encode())

    def do_POST(self) -> None:
        self.send_response(405)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def site() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), Pages) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
    Pages.files, Pages.lacks = {}, ""


def test_links_are_followed_over_two_pages(site: str) -> None:
    Pages.files = {
        "/": '<a href="one.html#place">1</a> <a href="https://elsewhere.example">no</a><link href="x.css">',
        "/one.html": '<a href="two.html">2</a>',
        "/two.html": '<a href="not-looked-at.html">3</a>',
        "/x.css": "",
    }
    assert follow_links(site) == (3, 1)


def test_dead_link_of_second_page_is_named(site: str) -> None:
    Pages.files = {"/": '<a href="one.html">1</a>', "/one.html": '<a href="gone.html">2</a>'}
    with pytest.raises(Failed, match=r"gone\.html: 404"):
        follow_links(site)


def test_missing_security_header_is_named(site: str) -> None:
    Pages.files, Pages.lacks = {"/": '<a href="one.html">1</a>', "/one.html": ""}, "/one.html"
    with pytest.raises(Failed, match=r"one\.html has no content-security-policy"):
        follow_links(site)


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Installation]:
    """A compose project of one idle service, in an image with one static program."""
    made = Installation(tmp_path / "small", f"kvalitet-drill-test-{tmp_path.name.replace('_', '-')}".lower())
    made.docker.mkdir(parents=True)
    (made.docker / ".env").write_text(f"COMPOSE_PROJECT_NAME={made.project}\n")
    (made.docker / "compose.yaml").write_text(
        f"""
services:
  stays:
    image: {made.image}
    init: true
    command: [python, -c, "import time; time.sleep(600)"]
    restart: unless-stopped
    volumes: ["kept:/kept"]
    healthcheck: {{test: [CMD, "true"], interval: 1s}}
  ends: {{image: {made.image}, command: ["true"]}}
volumes: {{kept: {{}}}}
"""
    )
    base = next(line.split()[1] for line in (ROOT / "docker/Dockerfile").read_text().splitlines() if "FROM " in line)
    label = f"com.docker.compose.project={made.project}"
    call(["docker", "build", "--quiet", "--label", label, "--tag", made.image, "-"], stdin=f"FROM {base}\n")
    yield made
    made.remove()


@needs_engine
@pytest.mark.slow
def test_killed_service_is_started_again(small: Installation) -> None:
    """In the end all of it is removed."""
    small.compose("up", "--detach")
    assert set(small.wait_until_healthy(60)) == {"stays", "ends"}
    before = small.kill("stays")
    with pytest.raises(Failed, match="'ends'"):
        small.wait_until_healthy(1, changed={"ends": small.services()["ends"].started_at})
    small.wait_until_healthy(60, changed={"stays": before})
    assert all(small.left().values())
    small.remove()
    assert not any(small.left().values())
    assert not small.folder.exists()


@needs_engine
@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_drill_leaves_nothing(tmp_path: Path, number: signal.Signals) -> None:
    root = tmp_path / "checkout"
    copy_checkout(ROOT, root)
    made = Drill(root, 1, "HEAD", print).team
    command = [sys.executable, "-B", root / "docker" / "drill", "--only", "build"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        deadline = time.monotonic() + 120
        while not (made.docker / ".env").exists() and time.monotonic() < deadline:
            time.sleep(0.1)
        time.sleep(2)  # the build has begun
        process.send_signal(number)
        said, _ = process.communicate(timeout=120)
    assert process.returncode == 130, said
    assert "build" in said and "interrupted" in said
    assert not any(made.left().values())
    assert call(["git", "status", "--porcelain", "--ignored"], root) == ""
