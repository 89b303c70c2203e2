"""Airflow's configuration, environment and metadata database for one installation.

Everything is written to var/airflow/airflow.cfg (mode 0600) anew at each start, so `AIRFLOW_HOME=var/airflow
.venv/bin/airflow …` works by hand too. Task logs are read from the disk. The log servers, which would listen on every
interface, are not started.
"""

import base64
import configparser
import hashlib
import hmac
import io
import json
import os
import secrets
import subprocess
import sys
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path

import psutil
import psycopg
from psycopg import sql

from kvalitet.errors import KvalitetError
from kvalitet.services.marks import VARIABLE, environment, new_mark
from kvalitet.services.processes import log_file
from kvalitet.settings import TIMEZONE, Settings, write_secret
from kvalitet.settings.address import UNSTATED, Address
from kvalitet.settings.stated import choice
from kvalitet.warehouse import server
from kvalitet.warehouse.rights import airflow_rights

USER = "admin"
#: Components in the order of starting. Stopping begins with the scheduler, so that no new task starts.
COMPONENTS = {
    "api-server": ("api-server",),
    "scheduler": ("scheduler", "--skip-serve-logs"),
    "dag-processor": ("dag-processor",),
    "triggerer": ("triggerer", "--skip-serve-logs"),
}
#: Which components read a section of airflow.cfg, where not all do.
_READ_BY = {
    "scheduler": ("scheduler",),
    "workers": ("scheduler",),
    "dag_processor": ("dag-processor",),
    "triggerer": ("triggerer",),
    "api": ("api-server",),
}
#: The environment variables that affect what a task does. The rest (a terminal's width) differs from shell to shell.
_SETTINGS = (
    *("KVALITET_", "DBT_", "RUNTIME__", "AWS_", "AZURE_", "GOOGLE_"),
    *("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "SSL_CERT_", "REQUESTS_CA_", "CURL_CA_", "TZ"),
)
#: Kept from tasks: the admin's credential, and whatever would override the configuration below.
_KEPT_OUT = ("AIRFLOW", "KVALITET_ADMIN_URL", "PG")
_NO_PORT = "1"  # nothing listens there, so a request for a served log fails at once


@dataclass(frozen=True)
class AirflowAddress:
    """Where Airflow's REST API is, and who may enter. `page` is where people open it.

    `password_file` holds the bare password, or Airflow's own JSON of users and passwords. `logs` says where a
    component's log is, with {part} in place of the component's name.
    """

    url: str
    user: str
    password_file: Path
    page: str
    logs: str

    @property
    def password(self) -> str:
        """The user's password. Raises KvalitetError where the file is missing or names no such user."""
        try:
            text = self.password_file.read_text().strip()
            return json.loads(text)[self.user] if text.startswith("{") else text
        except (OSError, ValueError, KeyError):
            raise KvalitetError(
                f"There is no password of Airflow's user {self.user} in {self.password_file}.",
                "Name the file in KVALITET_AIRFLOW_PASSWORD_FILE.",
            ) from None


def is_elsewhere() -> bool:
    """Whether the settings name an Airflow that `kvalitet up` neither starts nor ends, such as the containers'."""
    return bool(os.environ.get("KVALITET_AIRFLOW_URL"))


def airflow_address(settings: Settings) -> AirflowAddress:
    """The address in KVALITET_AIRFLOW_URL, or that of `kvalitet up`. Raises KvalitetError before the first `up`."""
    if is_elsewhere():
        url = os.environ["KVALITET_AIRFLOW_URL"].rstrip("/")
        return AirflowAddress(
            url,
            USER,
            Path(os.environ.get("KVALITET_AIRFLOW_PASSWORD_FILE", settings.secrets_dir / "airflow_users")),
            page=os.environ.get("KVALITET_AIRFLOW_PAGE", url),
            logs="its own log (`docker compose logs {part}`)",
        )
    address, password = address_file(settings), _password_file(settings)
    if not address.is_file() or not password.is_file():
        raise KvalitetError("Airflow has not been set up here yet.", "Run `kvalitet up`.")
    url = f"http://{address.read_text().strip()}"
    return AirflowAddress(url, USER, password, page=url, logs=f"{log_file(settings, 'airflow-{part}')}")


def airflow_env(settings: Settings) -> dict[str, str]:
    """The environment of Airflow's processes and thereby of every task."""
    env = {name: value for name, value in os.environ.items() if not name.startswith(_KEPT_OUT)}
    loopback = "127.0.0.1,localhost"
    return env | {
        "AIRFLOW_HOME": str(home(settings)),
        "AIRFLOW_CONFIG": str(config_file(settings)),
        "KVALITET_ROOT": str(settings.root),
        "KVALITET_VAR": str(settings.var),
        "KVALITET_INBOX": settings.inbox,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
        # A proxy of the administration's network must not be used for this machine's own ports.
        "NO_PROXY": ",".join(filter(None, [os.environ.get("NO_PROXY"), loopback])),
        "no_proxy": ",".join(filter(None, [os.environ.get("no_proxy"), loopback])),
        "DO_NOT_TRACK": "1",
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
        "RUNTIME__DLTHUB_TELEMETRY": "false",
        "SCARF_ANALYTICS": "false",
    }


def home(settings: Settings) -> Path:
    return settings.var / "airflow"


def config_file(settings: Settings) -> Path:
    return home(settings) / "airflow.cfg"


def address_file(settings: Settings) -> Path:
    return settings.var / "run" / "airflow.address"


def _password_file(settings: Settings) -> Path:
    return home(settings) / f"{USER}.password"


def _passwords_file(settings: Settings) -> Path:
    """Write the password in Airflow's own form, before Airflow writes a world-readable file itself."""
    return home(settings) / "passwords.json"


def configure(settings: Settings) -> None:
    """Write airflow.cfg and the passwords."""
    home(settings).mkdir(parents=True, exist_ok=True, mode=0o700)
    password = write_secret(_password_file(settings), secrets.token_urlsafe(12))
    write_secret(_passwords_file(settings), json.dumps({USER: password}))
    out = io.StringIO()
    config = configparser.RawConfigParser()
    config.read_dict(_options(settings))
    config.write(out)
    # Airflow interpolates values, so a percent sign in a value (a password) must be doubled.
    text = "# Written by `kvalitet up` at each start; changes here are lost.\n" + out.getvalue().replace("%", "%%")
    file = config_file(settings)
    if not file.is_file() or file.read_text() != text:
        file.unlink(missing_ok=True)
        write_secret(file, text)


def configuration(settings: Settings, component: str) -> dict[str, str]:
    """The configuration of a component: the name of each setting -> a keyed digest of its value.

    It shows whether a running component is current, and names what has changed without showing its value.
    """
    stated = {
        f"[{section}] {name}": str(value)
        for section, options in _options(settings).items()
        for name, value in options.items()
        if component in _READ_BY.get(section, COMPONENTS)
    }
    if component != "api-server":  # the API server runs nothing of ours
        stated |= {name: value for name, value in airflow_env(settings).items() if _is_setting(name)}
    key = write_secret(settings.secrets_dir / "airflow_jwt", secrets.token_urlsafe(64)).encode()
    return {name: hmac.new(key, value.encode(), hashlib.sha256).hexdigest()[:16] for name, value in stated.items()}


def _is_setting(name: str) -> bool:
    return name.upper().startswith(_SETTINGS) and name != VARIABLE


def _options(settings: Settings) -> dict[str, dict[str, object]]:
    address = address_file(settings).read_text().strip()
    logs = home(settings) / "logs"
    return {
        "core": {
            "dags_folder": settings.root / "dags",
            "executor": "LocalExecutor",
            "parallelism": parallelism(),
            "load_examples": False,
            "default_timezone": TIMEZONE.key,
            "fernet_key": write_secret(
                settings.secrets_dir / "airflow_fernet", base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()
            ),
            "auth_manager": "airflow.api_fastapi.auth.managers.simple.simple_auth_manager.SimpleAuthManager",
            "simple_auth_manager_users": f"{USER}:admin",
            "simple_auth_manager_passwords_file": _passwords_file(settings),
            "execution_api_server_url": f"http://{address}/execution/",
            "hostname_callable": "socket.gethostname",  # the default asks the network's name server
            "plugins_folder": home(settings) / "plugins",
        },
        "database": _database_options(settings),
        "logging": {
            "base_log_folder": logs,
            "dag_processor_child_process_log_directory": logs / "dag_processor",
            "file_task_handler_new_folder_permissions": "0o700",
            "file_task_handler_new_file_permissions": "0o600",
            "colored_console_log": False,
            "worker_log_server_port": _NO_PORT,
            "trigger_log_server_port": _NO_PORT,
        },
        "scheduler": {
            "scheduler_idle_sleep_time": 0.5,
            # For heartbeats every few seconds, so that a task whose processes were killed is tried again after two
            # minutes.
            "task_instance_heartbeat_timeout": 120,
        }
        | _timetable(),
        "dag_processor": {
            "parsing_processes": 1,
            "refresh_interval": 30,
            "min_file_process_interval": 120,
            "stale_dag_threshold": 180,
            "print_stats_interval": 600,
        },
        "triggerer": {"capacity": 100},
        # The default of 5 s fails a task that asks while all the others keep the machine busy.
        "workers": {"execution_api_timeout": 60},
        "api": {
            "instance_name": "Kvalitet",
            "host": address.rpartition(":")[0],
            "port": address.rpartition(":")[2],
            "base_url": f"http://{address}",
            "workers": 1,
            "secret_key": write_secret(settings.secrets_dir / "airflow_api"),
        },
        "api_auth": {"jwt_secret": write_secret(settings.secrets_dir / "airflow_jwt", secrets.token_urlsafe(64))},
    }


def parallelism() -> int:
    """How many tasks run at once."""
    return min(16, max(4, 2 * (psutil.cpu_count() or 1)))


def _timetable() -> dict[str, object]:
    """Turn the timetable off for a trial or a test installation, where a night starts only by hand."""
    return {"use_job_schedule": False} if choice("KVALITET_TIMETABLE", ("on", "off")) == "off" else {}


# --- the metadata database ----------------------------------------------------------------------


def database_name(settings: Settings) -> str:
    """The name of Airflow's own database, which is also the name of the role that owns it."""
    return f"{settings.database}_airflow"


def database_address(settings: Settings) -> Address:
    """The address of Airflow's own database, as its owner, on the warehouse's server."""
    name = database_name(settings)
    return Address(settings.server, name, settings.tls, name, write_secret(settings.secrets_dir / name))


def _database_options(settings: Settings) -> dict[str, object]:
    address = database_address(settings)
    return {
        "sql_alchemy_conn": address.url().replace("postgresql", "postgresql+psycopg2", 1),
        "sql_alchemy_conn_async": replace(address, tls=UNSTATED).url().replace("postgresql", "postgresql+asyncpg", 1),
        "sql_alchemy_connect_args_async": "kvalitet.services.airflow_asyncpg.connect_args_async",
    }


def connection_url(settings: Settings) -> str:
    """The libpq URL of Airflow's database, as Airflow's role."""
    return database_address(settings).url()


def prepare_database(settings: Settings) -> bool:
    """Make Airflow's role and database. Returns True where `airflow db migrate` is due. Raises KvalitetError."""
    from kvalitet.warehouse import admin

    name = database_name(settings)
    with admin.admin_connection(settings, server.admin_url(settings)) as connection:
        admin.put_all_in_force(settings, connection, airflow_rights(name, admin.migrator(connection)))
        admin.set_password(settings, connection, name, name)
    with psycopg.connect(database_address(settings).url()) as connection:
        noted = connection.execute(
            "select shobj_description(oid, 'pg_database') from pg_database where datname = current_database()"
        ).fetchone()
    return noted is None or noted[0] != _stamp()


def migrate_database(settings: Settings) -> None:
    """Run `airflow db migrate` and note the version in the database. Raises KvalitetError."""
    log = log_file(settings, "airflow-migrate")
    log.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with open(log, "ab") as out:
        command = [sys.executable, "-m", "airflow", "db", "migrate"]
        done = subprocess.run(
            command,
            check=False,
            cwd=settings.root,
            env=airflow_env(settings) | environment(new_mark(settings, "airflow-migrate")),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            start_new_session=True,  # a marked process must not be in the session of the person's terminal
        )
    if done.returncode != 0:
        raise KvalitetError("Airflow's database could not be set up.", f"Its output is in {log}; then `kvalitet up`.")
    with psycopg.connect(database_address(settings).url()) as connection:  # its owner
        connection.execute(
            sql.SQL("comment on database {} is {}").format(
                sql.Identifier(database_name(settings)), sql.Literal(_stamp())
            )
        )


def _stamp() -> str:
    return f"Airflow {version('apache-airflow-core')} metadata"
