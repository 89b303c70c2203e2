"""What can be checked of the compose file without an engine: its schema, its secrets, its open ports."""

import configparser
import re
import shutil
import stat
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml

from kvalitet.services.airflow import COMPONENTS, address_file, configure
from kvalitet.settings import Settings
from kvalitet.warehouse import server

DOCKER = Path(__file__).parents[2] / "docker"
COMPOSE = DOCKER / "compose.yaml"

#: Options for places and for the size of the machine. They differ from `kvalitet up` on purpose.
PLACES = {
    ("core", "parallelism"),
    ("core", "simple_auth_manager_passwords_file"),
    ("core", "execution_api_server_url"),
    ("core", "plugins_folder"),
    ("logging", "base_log_folder"),
    ("logging", "dag_processor_child_process_log_directory"),
    ("api", "host"),
    ("api", "port"),
    ("api", "base_url"),
}


@pytest.fixture(scope="module")
def compose() -> dict:
    return yaml.safe_load(COMPOSE.read_text())


@pytest.fixture(scope="module")
def made_secrets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that make-secrets.sh fills, run from a copy so that the checkout stays as it is."""
    copy = tmp_path_factory.mktemp("docker")
    shutil.copy(DOCKER / "make-secrets.sh", copy)
    subprocess.run(["sh", copy / "make-secrets.sh"], check=True, capture_output=True)
    return copy / "secrets"


def test_compose_file_fits_the_schema() -> None:
    tool = shutil.which("check-jsonschema", path=Path(sys.executable).parent)
    assert tool, "check-jsonschema is in the dev group"
    run = subprocess.run(
        [tool, "--builtin-schema", "vendor.compose-spec", COMPOSE], capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stdout


def test_used_secrets_are_declared_and_made(compose: dict, made_secrets: Path) -> None:
    used = {secret for service in compose["services"].values() for secret in service.get("secrets", [])}
    declared = set(compose["secrets"])
    assert used == declared
    files = {
        name: entry["file"].removeprefix("${KVALITET_SECRETS_DIR:-./secrets}/")
        for name, entry in compose["secrets"].items()
    }
    assert set(files.values()) == {file.name for file in made_secrets.iterdir()}
    assert all(name == file for name, file in files.items()), "settings look for a secret under its file's name"


def test_secret_files_are_closed_and_not_empty(made_secrets: Path) -> None:
    assert stat.S_IMODE(made_secrets.stat().st_mode) == 0o700
    for file in made_secrets.iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600, file.name
        assert len(file.read_text()) >= 24, file.name
    assert len(bytes.fromhex((made_secrets / "pseudonym.key").read_text())) == 32


def test_make_secrets_keeps_what_is_there(made_secrets: Path) -> None:
    before = {file.name: file.read_text() for file in made_secrets.iterdir()}
    subprocess.run(["sh", made_secrets.parent / "make-secrets.sh"], check=True, capture_output=True)
    assert {file.name: file.read_text() for file in made_secrets.iterdir()} == before


def test_admin_secret_has_only_three_holders(compose: dict) -> None:
    """The server, and two services that end."""
    holders = {name for name, service in compose["services"].items() if "admin_password" in service.get("secrets", [])}
    assert holders == {"migrate", "postgres", "admin"}
    assert compose["services"]["migrate"]["restart"] == compose["services"]["admin"]["restart"] == "no"


def test_up_starts_no_service_for_people(compose: dict) -> None:
    asked_for = {name for name, service in compose["services"].items() if "profiles" in service}
    assert asked_for == {"admin", "sample"}


def mounts(service: dict) -> list[str]:
    return [mount["source"] if isinstance(mount, dict) else mount for mount in service.get("volumes", [])]


def test_only_admin_has_folder_of_secrets(compose: dict) -> None:
    holders = {name for name, service in compose["services"].items() if any("SECRETS" in m for m in mounts(service))}
    assert holders == {"admin"}


def test_only_sample_writes_the_inbox(compose: dict) -> None:
    writers = {
        name
        for name, service in compose["services"].items()
        for mount in service.get("volumes", [])
        if isinstance(mount, dict) and "INBOX" in mount["source"] and not mount.get("read_only")
    }
    assert writers == {"sample"}


def test_passwords_of_people_reach_no_service(compose: dict) -> None:
    for name, service in compose["services"].items():
        if name != "migrate":
            assert not {"kvalitet_bi", "kvalitet_detail"} & set(service.get("secrets", [])), name


def test_pseudonym_key_is_where_intake_runs(compose: dict) -> None:
    holders = {name for name, service in compose["services"].items() if "pseudonym.key" in service.get("secrets", [])}
    assert holders == {"scheduler", "migrate"}


def test_only_forwarder_publishes_on_loopback(compose: dict) -> None:
    published = {name: service["ports"] for name, service in compose["services"].items() if "ports" in service}
    assert published.keys() == {"forward"}
    assert all(port.startswith("127.0.0.1:") for port in published["forward"]), published
    assert not any(service.get("network_mode") for service in compose["services"].values())
    assert not compose["services"]["forward"].get("secrets") and not compose["services"]["forward"].get("volumes")


def test_only_forwarder_leaves_closed_network(compose: dict) -> None:
    networks = {name: service["networks"] for name, service in compose["services"].items()}
    assert networks.pop("forward") == ["inside", "published"]
    assert set(map(tuple, networks.values())) == {("inside",)}
    assert compose["networks"]["inside"]["internal"] is True


def test_postgres_is_set_as_on_one_machine(compose: dict, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same settings as `kvalitet up` makes on a machine with the 4 GB that docker/README.md asks for."""
    monkeypatch.setattr(server.psutil, "virtual_memory", lambda: SimpleNamespace(total=4 * 2**30))
    embedded = {name: str(value) for name, value in server._server_settings(port=1).items()}
    arguments = compose["services"]["postgres"]["command"]
    assert arguments[0] == "postgres"
    given = dict(argument.removeprefix("--").split("=", 1) for argument in arguments[1:])
    given = {name: re.sub(r"^\$\{\w+:-(.*)\}$", r"\1", value) for name, value in given.items()}
    # The image decides where it listens, and its write-ahead log can be archived.
    places = {"port", "listen_addresses", "unix_socket_directories", "wal_level", "max_wal_senders"}
    assert given == {name: value for name, value in embedded.items() if name not in places}


@pytest.mark.parametrize("name", sorted(yaml.safe_load(COMPOSE.read_text())["services"]))
def test_every_service_is_hardened(compose: dict, name: str) -> None:
    service = compose["services"][name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in service["security_opt"]
    assert not service["user"].startswith(("0", "root"))
    assert not service.get("privileged")


def test_lasting_services_have_health_checks(compose: dict) -> None:
    for name, service in compose["services"].items():
        assert ("healthcheck" in service) == (service["restart"] != "no"), name


def test_compose_file_holds_no_secret(compose: dict) -> None:
    for name, service in compose["services"].items():
        for variable, value in service.get("environment", {}).items():
            if re.search(r"PASSWORD|SECRET|KEY|CONN", variable):
                assert re.match(
                    r"cat /run/secrets/|sed \S+ /run/secrets/|/run/secrets|/tmp/|/var/lib/kvalitet/(keys|secrets)"
                    r"|kvalitet\.services\.\w+\.\w+$",
                    value,
                ), f"{name}: {variable}"


def test_airflow_is_set_as_on_one_machine(compose: dict, tmp_path: Path) -> None:
    """Every option that `kvalitet up` sets must be decided for the containers too."""
    settings = Settings(root=DOCKER.parent, var=tmp_path, inbox="", server="127.0.0.1:5432", database="kvalitet")
    (tmp_path / "run").mkdir()
    address_file(settings).write_text("127.0.0.1:8080")
    configure(settings)
    config = configparser.ConfigParser(interpolation=None)
    config.read(tmp_path / "airflow" / "airflow.cfg")
    image = (DOCKER / "Dockerfile").read_text()
    environment = compose["services"]["api-server"]["environment"]
    decided = [(section, option) for section in config.sections() for option in config.options(section)]
    for section, option in decided:
        variable = f"AIRFLOW__{section}__{option}".upper()
        if f"{variable}=" in image or f"{variable}_CMD" in environment:
            continue
        assert variable in environment, f"{variable} is set by `kvalitet up` and not in compose.yaml"
        if (section, option) not in PLACES:
            assert environment[variable] == config[section][option], variable


def test_components_start_as_on_one_machine(compose: dict) -> None:
    for name, arguments in COMPONENTS.items():
        command = compose["services"][name]["command"]
        assert (
            command[-1].endswith("airflow api-server") if name == "api-server" else command == ["airflow", *arguments]
        )


def test_every_variable_is_read_by_the_code(compose: dict) -> None:
    code = "".join(path.read_text() for path in (DOCKER.parent / "src").rglob("*.py"))
    given = {name for service in compose["services"].values() for name in service.get("environment", {})}
    given |= set(re.findall(r"KVALITET_\w+(?==)", (DOCKER / "Dockerfile").read_text()))
    ours = {name for name in given if name.startswith("KVALITET_")}
    ours -= set(re.findall(r"^ARG (\w+)", (DOCKER / "Dockerfile").read_text(), re.MULTILINE))
    assert ours
    assert not {name for name in ours if f'"{name}"' not in code}


def test_image_is_pinned_and_not_root() -> None:
    lines = (DOCKER / "Dockerfile").read_text().splitlines()
    stages = {line.split()[3] for line in lines if re.match("FROM .* AS ", line)}
    bases = {line.split()[1] for line in lines if line.startswith("FROM ")} - stages
    assert bases
    assert all(re.search(r":\d+\.\d+", base) for base in bases), bases
    assert re.fullmatch(r"USER [1-9]\d*:\d+", next(line for line in lines if line.startswith("USER ")))
    assert any("--frozen --no-dev" in line for line in lines)


def test_build_context_holds_what_build_reads() -> None:
    """If a copied file were not sent, the build would fail. A file that is sent and not copied would go unnoticed."""
    lines = (DOCKER / "Dockerfile").read_text().splitlines()
    copied = {
        word.rstrip("*")  # what need not be there
        for line in lines
        if line.startswith("COPY ") and "--from" not in line
        for word in line.split()[1:-1]
    }
    sent = set(re.findall(r"^!(.+)$", (DOCKER / "Dockerfile.dockerignore").read_text(), re.MULTILINE))
    git = {place for place in sent if place.startswith(".git/")}
    assert sent - git - copied == {"docker/Dockerfile", "docker/Dockerfile.dockerignore"}
    assert copied <= sent
    assert git == {".git/HEAD", ".git/packed-refs", ".git/refs", ".git/objects"}
