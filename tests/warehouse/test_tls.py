"""A server with a certificate for the name localhost. Every client verifies it, and none goes on without it.

The server refuses unencrypted connections to this database (ONLY_WITH_TLS in tests/debian_postgres.py).
"""

import asyncio
import configparser
import importlib
import ssl
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
from certificates import Authority
from typer.testing import CliRunner

from kvalitet.cli.app import app
from kvalitet.errors import KvalitetError
from kvalitet.services import airflow, preparing
from kvalitet.services.airflow_asyncpg import asyncpg_arguments
from kvalitet.settings import AUDITOR, LOADER, UNSTATED, Settings
from kvalitet.settings.address import Tls
from kvalitet.warehouse import server
from kvalitet.warehouse.connection import fetch_all

pytestmark = pytest.mark.slow
DATABASE = "tls_kvalitet"
VERIFY = "sslmode=verify-full&sslrootcert={ca}"


class Own:
    """An own server, as the environment names it."""

    def __init__(self, admin_url: str, authority: Authority, monkeypatch: pytest.MonkeyPatch) -> None:
        parts = urlsplit(admin_url)
        self.port, self.password = parts.port, parts.password
        self.authority, self.monkeypatch = authority, monkeypatch

    def named(self, host: str = "localhost", query: str = VERIFY) -> Settings:
        where = f"{host}:{self.port}"
        query = query.replace("{ca}", f"{self.authority.file}")
        self.monkeypatch.setenv("KVALITET_DATABASE_URL", f"postgresql://{where}/{DATABASE}?{query}")
        self.monkeypatch.setenv("KVALITET_ADMIN_URL", f"postgresql://own_admin:{self.password}@{where}/{DATABASE}")
        return Settings.from_environment()


@pytest.fixture(scope="module")
def secrets_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("tls") / "secrets"


@pytest.fixture
def own(debian_server: str, authority: Authority, secrets_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Own:
    """An own server, prepared once over TLS by its superuser."""
    monkeypatch.setenv("KVALITET_VAR", str(secrets_folder.parent))
    monkeypatch.setenv("KVALITET_SECRETS", str(secrets_folder))
    made = Own(debian_server, authority, monkeypatch)
    settings = made.named()
    with psycopg.connect(debian_server, autocommit=True) as connection:
        is_there = connection.execute("select from pg_database where datname = %s", [DATABASE]).fetchone()
    if not is_there:
        preparing.prepare(settings, server.admin_url(settings).replace(f"/{DATABASE}?", "/postgres?"))
    return made


def test_each_client_verifies_server_name(own: Own) -> None:
    encrypted = "select version from pg_stat_ssl where pid = pg_backend_pid()"
    for ask in (with_psycopg, with_adbc, with_sqlalchemy, with_psycopg2, with_asyncpg):
        assert ask(own.named(), encrypted) == "TLSv1.3", ask.__name__
        with pytest.raises(Exception, match=r"(?i)does not match|hostname mismatch|not valid for"):
            ask(own.named("127.0.0.1"), encrypted)


def with_psycopg(settings: Settings, query: str) -> object:
    return next(iter(fetch_all(settings, LOADER, query)[0].values()))  # type: ignore[arg-type]


def with_adbc(settings: Settings, query: str) -> object:
    import adbc_driver_postgresql.dbapi as adbc

    with adbc.connect(settings.dsn(LOADER)) as connection, connection.cursor() as cursor:
        cursor.execute(query)
        return cursor.fetchall()[0][0]


def with_sqlalchemy(settings: Settings, query: str) -> object:
    """The address as Great Expectations is given it (gate/measuring.py)."""
    from sqlalchemy import create_engine, text

    url = settings.dsn(LOADER, options="-cstatement_timeout=600000").replace("://", "+psycopg://", 1)
    engine = create_engine(url)
    try:
        with engine.connect() as connection:
            assert connection.execute(text("show statement_timeout")).scalar() == "10min"
            return connection.execute(text(query)).scalar()
    finally:
        engine.dispose()


def with_psycopg2(settings: Settings, query: str) -> object:
    import psycopg2

    connection = psycopg2.connect(settings.dsn(LOADER))
    with connection.cursor() as cursor:
        cursor.execute(query)
        row = cursor.fetchone()
    connection.close()
    return row and row[0]


def with_asyncpg(settings: Settings, query: str) -> object:
    """The address as in Airflow's API server: without parameters, which are passed separately."""
    import asyncpg

    async def ask() -> object:
        bare = replace(settings, tls=UNSTATED).dsn(LOADER)
        connection = await asyncpg.connect(bare, **asyncpg_arguments(settings.tls))
        try:
            return await connection.fetchval(query)
        finally:
            await connection.close()

    return asyncio.run(ask())


def test_airflow_database_is_reached_by_tls(own: Own) -> None:
    """Both engines that Airflow makes from it are tried. One of them is asynchronous."""
    from sqlalchemy import create_engine, text
    from sqlalchemy.ext.asyncio import create_async_engine

    settings = own.named()
    assert airflow.prepare_database(settings), "it is empty"
    airflow.address_file(settings).parent.mkdir(parents=True, exist_ok=True)
    airflow.address_file(settings).write_text("127.0.0.1:1\n")
    airflow.configure(settings)
    config = configparser.ConfigParser()
    config.read(airflow.home(settings) / "airflow.cfg")
    urls = config["database"]
    encrypted = text("select version from pg_stat_ssl where pid = pg_backend_pid()")

    engine = create_engine(urls["sql_alchemy_conn"])
    with engine.connect() as connection:
        assert connection.execute(encrypted).scalar() == "TLSv1.3"
    engine.dispose()

    async def ask(url: str) -> object:
        module, _, name = urls["sql_alchemy_connect_args_async"].rpartition(".")
        arguments = getattr(importlib.reload(importlib.import_module(module)), name)
        engine = create_async_engine(url, connect_args=arguments)
        try:
            async with engine.connect() as connection:
                return (await connection.execute(encrypted)).scalar()
        finally:
            await engine.dispose()

    assert asyncio.run(ask(urls["sql_alchemy_conn_async"])) == "TLSv1.3"
    with pytest.raises(ssl.SSLCertVerificationError, match=r"127\.0\.0\.1"):
        asyncio.run(ask(urls["sql_alchemy_conn_async"].replace("localhost", "127.0.0.1")))


def test_dbt_gets_same_parameters(own: Own, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    from dbt.cli.main import dbtRunner

    from kvalitet.build.transform import dbt_environment

    def debug(settings: Settings) -> str:
        places = ["--project-dir", str(settings.dbt_dir), "--profiles-dir", str(settings.dbt_dir)]
        folders = ["--log-path", str(tmp_path)]
        with dbt_environment(settings, "candidate", "test"):
            dbtRunner().invoke(["debug", "--connection", *places, *folders])
        return capfd.readouterr().out

    assert "OK connection ok" in debug(own.named())
    assert 'does not match host name "127.0.0.1"' in debug(own.named("127.0.0.1"))


REFUSED = [
    ("127.0.0.1", VERIFY, 'does not match host name "127.0.0.1"', "the name that the certificate is for"),
    ("localhost", "sslmode=verify-full&sslrootcert={other}", "certificate verify failed", "sslrootcert must hold"),
    ("localhost", "sslmode=verify-full&sslrootcert={empty}", "root certificate", "sslrootcert must be a file"),
    ("localhost", "sslmode=disable", "", "KVALITET_"),
]


@pytest.mark.parametrize(("host", "query", "said", "remedy"), REFUSED)
def test_unverifiable_server_is_named(own: Own, host: str, query: str, said: str, remedy: str, tmp_path: Path) -> None:
    (tmp_path / "empty.crt").touch()
    other = Authority(tmp_path, "other")
    settings = own.named(host, query.replace("{other}", f"{other.file}").replace("{empty}", f"{tmp_path}/empty.crt"))
    for ask in (
        lambda: fetch_all(settings, AUDITOR, "select 1"),
        lambda: server.start(settings),
        lambda: preparing.prepare(settings, server.admin_url(settings)),
    ):
        with pytest.raises(KvalitetError) as refused:
            ask()
        assert f"at {settings.server}" in refused.value.what and said in refused.value.what
        assert remedy in (refused.value.remedy or "")


COMMANDS = (
    "extract organisation", "build", "validate 1", "publish 1", "night", "status", "rejects",
    "figures --publication 1", "figures --as-recorded 1", "figures --known-at 2025-01-01", "restatement 1 2",
    "rollback --reason why", "reevaluate 1", "verify", "evidence --publication 1 --out {folder}/evidence.zip",
    "replay 1", "withdraw 1 --reason why", "landing purge", "landing rotate-key", "person rotate-key",
    "supervision-sample --out {folder}/sample.csv", "up --without-airflow", "up", "migrate",
)  # fmt: skip


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_checks_host_name(own: Own, command: str, tmp_path: Path) -> None:
    settings = own.named("127.0.0.1")
    done = CliRunner().invoke(app, command.format(folder=tmp_path).split())
    assert isinstance(done.exception, KvalitetError), (done.output, done.exception)
    assert f"at {settings.server}" in done.exception.what and "does not match host name" in done.exception.what
    assert "the name that the certificate is for" in (done.exception.remedy or "")


def test_client_certificate_is_sent(own: Own, authority: Authority) -> None:
    certificate, key = authority.issue("our-server")
    settings = own.named(query=VERIFY + f"&sslcert={certificate}&sslkey={key}")
    asked = "select client_dn from pg_stat_ssl where pid = pg_backend_pid()"
    for ask in (with_psycopg, with_adbc, with_sqlalchemy, with_psycopg2, with_asyncpg):
        assert ask(settings, asked) == "/CN=our-server", ask.__name__
    key.chmod(0o644)
    with pytest.raises(KvalitetError, match="private key file") as refused:
        fetch_all(settings, AUDITOR, "select 1")
    assert "mode 0600" in (refused.value.remedy or "")


def test_each_client_refuses_server_without_tls(warehouse_server: Settings) -> None:
    settings = replace(warehouse_server, tls=Tls("require"))
    for ask in (with_psycopg, with_adbc, with_sqlalchemy, with_psycopg2, with_asyncpg):
        with pytest.raises(Exception, match=r"does not support SSL|rejected SSL upgrade"):
            ask(settings, "select 1")
    with pytest.raises(KvalitetError, match="does not support SSL") as refused:
        fetch_all(settings, LOADER, "select 1")
    assert "ssl = on" in (refused.value.remedy or "")
