"""The drill's own installation: a copy of a commit, its compose project, ports, secrets and image tag.

Nothing of an installation that runs on the same machine is touched. Names are derived from the drill's folder, ports
are free ones, and the copy has its own `docker/.env`, secrets and inbox. Everything carries compose's project label, so
`remove` finds it even after a drill that was killed.
"""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

LABEL = "com.docker.compose.project"
#: Seconds that one command may take, unless its step says otherwise.
PATIENCE = 1200.0
PORTS = ("KVALITET_AIRFLOW_PORT", "KVALITET_PAGES_PORT", "KVALITET_POSTGRES_PORT")


class Failed(Exception):
    """Something that the drill was to prove does not hold."""


def call(command: list[str], cwd: Path | None = None, stdin: str | None = None, patience: float = PATIENCE) -> str:
    """Run a command and return its output. Raises Failed with the command's last lines where it fails or hangs.

    When the drill is interrupted, the command is ended with all that it has started, so that it makes nothing after the
    cleaning.
    """
    with subprocess.Popen(
        command,
        cwd=cwd,
        env=_environment(),
        stdin=subprocess.DEVNULL if stdin is None else subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        start_new_session=True,
    ) as process:
        try:
            out, err = process.communicate(stdin, timeout=patience)
        except BaseException as error:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
            if isinstance(error, subprocess.TimeoutExpired):
                raise Failed(f"`{' '.join(command)}` has not ended after {patience:.0f} s.") from None
            raise
    if process.returncode:
        said = "\n".join((out + err).strip().splitlines()[-40:])
        raise Failed(f"`{' '.join(command)}` ended with exit code {process.returncode}:\n{said}")
    return out


def _environment() -> dict[str, str]:
    """The shell's environment, without what would point compose or Kvalitet at another installation."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("COMPOSE_", "KVALITET_"))}


def missing_engine() -> str:
    """Why no drill can run here. Empty where one can run."""
    for command in (["docker", "info"], ["docker", "compose", "version"], ["git", "--version"]):
        if shutil.which(command[0]) is None:
            return f"{command[0]} is not installed"
        try:
            call(command, patience=30)
        except Failed as failure:
            return f"no engine answers: {str(failure).splitlines()[-1]}"
    return ""


@dataclass(frozen=True)
class Service:
    """One container of the project. `health` is empty for a service without a check."""

    name: str
    container: str
    state: str
    health: str
    exit_code: int
    started_at: str

    @property
    def is_up(self) -> bool:
        return self.health == "healthy" or (self.state == "exited" and self.exit_code == 0 and not self.health)


@dataclass(frozen=True)
class Installation:
    """A checkout in `folder` whose containers belong to `project`. The project's name is also its image's tag."""

    folder: Path
    project: str

    @property
    def docker(self) -> Path:
        return self.folder / "docker"

    @property
    def image(self) -> str:
        return f"kvalitet:{self.project}"

    @property
    def settings(self) -> dict[str, str]:
        """The settings in docker/.env."""
        lines = (self.docker / ".env").read_text().splitlines()
        return dict(line.split("=", 1) for line in lines if "=" in line)

    def url(self, port: str) -> str:
        return f"http://127.0.0.1:{self.settings[port]}"

    def documented(
        self,
        *commands: str,
        replace: dict[str, str] | None = None,
        stdin: str | None = None,
        patience: float = PATIENCE,
    ) -> str:
        """Run commands of docker/README.md word for word, in one shell in docker/, as a reader of it would.

        `replace` replaces the README's examples, such as the name of a backup. tests/docs compares the README's shell
        blocks with the texts that are handed to this function.
        """
        script = "\n".join(commands)
        for example, real in (replace or {}).items():
            script = script.replace(example, real)
        return call(["bash", "-euo", "pipefail", "-c", script], self.docker, stdin, patience)

    def promises(self, *arguments: str) -> str:
        """The output of docker/promises.py. Raises Failed where a promise does not hold."""
        return call([sys.executable, "promises.py", *arguments], self.docker).rstrip()

    def compose(self, *arguments: str, stdin: str | None = None, patience: float = PATIENCE) -> str:
        return call(["docker", "compose", *arguments], self.docker, stdin, patience)

    def run(self, *arguments: str, command: list[str], stdin: str | None = None) -> str:
        """Run a command in a short-lived container of this installation's image."""
        label = f"{LABEL}={self.project}"
        return call(["docker", "run", "--rm", "--interactive", "--label", label, *arguments, self.image, *command],
                    stdin=stdin)  # fmt: skip

    def choose_ports(self) -> None:
        """Add free ports, the project's name and the image's tag to the `.env` that make-secrets.sh has made."""
        with (self.docker / ".env").open("a") as file:
            file.write(f"COMPOSE_PROJECT_NAME={self.project}\nKVALITET_TAG={self.project}\n")
            sockets = [socket.create_server(("127.0.0.1", 0)) for _ in PORTS]
            for name, taken in zip(PORTS, sockets, strict=True):
                file.write(f"{name}={taken.getsockname()[1]}\n")
                taken.close()

    def configured(self) -> dict[str, Any]:
        """The services of compose.yaml that `up` starts, as compose reads them."""
        return json.loads(self.compose("config", "--format", "json"))["services"]

    def outdated_networks(self) -> list[str]:
        """Networks whose options differ from compose.yaml, made by an earlier version. `up` leaves them as they are."""
        networks = json.loads(self.compose("config", "--format", "json"))["networks"].values()
        return [
            network["name"]
            for network in networks
            if json.loads(call(["docker", "network", "inspect", "--format", "{{json .Options}}", network["name"]]))
            != network.get("driver_opts", {})
        ]

    def services(self) -> dict[str, Service]:
        """The project's containers by service, one-off ones left out."""
        ids = call(["docker", "ps", "--all", "--quiet", "--filter", f"label={LABEL}={self.project}",
                    "--filter", "label=com.docker.compose.oneoff=False"]).split()  # fmt: skip
        try:
            inspected = json.loads(call(["docker", "inspect", *ids])) if ids else []
        except Failed:  # a container was replaced between the two questions
            return self.services()
        found = {}
        for one in inspected:
            state, name = one["State"], one["Config"]["Labels"]["com.docker.compose.service"]
            health = (state.get("Health") or {}).get("Status", "")
            found[name] = Service(
                name, one["Id"], state["Status"], health, int(state["ExitCode"]), state["StartedAt"]
            )  # fmt: skip
        return found

    def wait_until_healthy(self, patience: float, changed: dict[str, str] | None = None) -> dict[str, float]:
        """Wait until every service is healthy or has done its work. Returns after how many seconds each was.

        `changed` names services that must have been started anew since the given instant (`started_at`). Raises Failed
        with what is not well when the patience is over.
        """
        began, wanted, well = time.monotonic(), set(self.configured()), {}
        while True:
            found = self.services()
            for name, service in found.items():
                is_new = service.started_at != (changed or {}).get(name)
                if service.is_up and is_new:
                    well.setdefault(name, time.monotonic() - began)
                else:
                    well.pop(name, None)
            if wanted <= well.keys():
                return well
            if time.monotonic() - began > patience:
                sick = {name: f"{found[name].state} {found[name].health}" if name in found else "not there"
                        for name in sorted(wanted - well.keys())}  # fmt: skip
                raise Failed(f"After {patience:.0f} s these are not well: {sick}\n{self.last_words(list(sick))}")
            time.sleep(0.5)

    def last_words(self, services: list[str]) -> str:
        """The last lines of the logs of some services."""
        return "".join(self.compose("logs", "--no-color", "--tail", "12", name) for name in services[:3])

    def kill(self, service: str) -> str:
        """End a service as the kernel does when memory runs out. Returns when it had been started.

        This is not `docker kill`, which the engine takes as a wish to stop the service, so that it does not restart it.
        The signal comes from a container that sees the engine's own processes, so it works wherever the engine runs.
        """
        running = self.services()[service]
        pid = call(["docker", "inspect", "--format", "{{.State.Pid}}", running.container]).strip()
        self.run("--privileged", "--pid=host", "--user=0", "--network=none",
                 command=["python", "-c", f"import os; os.kill({int(pid)}, 9)"])  # fmt: skip
        return running.started_at

    def left(self) -> dict[str, list[str]]:
        """What the engine still holds of this project, by kind."""
        of_project = ["--quiet", "--filter", f"label={LABEL}={self.project}"]
        return {
            "containers": call(["docker", "ps", "--all", *of_project]).split(),
            "networks": call(["docker", "network", "ls", *of_project]).split(),
            "volumes": call(["docker", "volume", "ls", *of_project]).split(),
            "images": sorted(set(call(["docker", "image", "ls", "--all", *of_project]).split())),
        }

    def remove(self) -> None:
        """Remove everything of this project: containers, networks, volumes, images, and the checkout's copy."""
        ways = {"containers": ["rm", "--force", "--volumes"], "networks": ["network", "rm"],
                "volumes": ["volume", "rm", "--force"], "images": ["image", "rm", "--force"]}  # fmt: skip
        for kind, forced in ways.items():
            if found := self.left()[kind]:
                call(["docker", *forced, *found])
        shutil.rmtree(self.folder, ignore_errors=True)


def copy_checkout(root: Path, folder: Path) -> str:
    """Clone `root` with its uncommitted changes onto the branch `drill`. Returns its commit.

    It is a clone and not a worktree, because the build reads the commit out of `.git`, and so that nothing is left
    behind in the repository. Raises Failed where git cannot clone.
    """
    call(["git", "clone", "--quiet", "--no-hardlinks", str(root), str(folder)])
    call(["git", "checkout", "--quiet", "-B", "drill"], folder)
    changes = call(["git", "diff", "HEAD", "--binary"], root)
    if changes:
        who = ["-c", "user.name=drill", "-c", "user.email=drill@example.invalid"]
        call(["git", "apply", "--index", "-"], folder, stdin=changes)
        call(["git", *who, "commit", "--quiet", "--no-verify", "--message", "Uncommitted changes"], folder)
    return call(["git", "rev-parse", "HEAD"], folder).strip()
