"""The file that the administrator of an own server runs once: on Postgres 15 and 18, as a superuser and as a cloud's
admin.

Afterwards everything is done by a login that is no superuser.
"""

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote, urlsplit

import psycopg
import pytest
from certificates import Authority
from debian_postgres import debian_postgres
from psycopg import sql
from typer.testing import CliRunner

from kvalitet import services
from kvalitet.cli.app import app
from kvalitet.cli.status import read_status
from kvalitet.errors import KvalitetError
from kvalitet.services import airflow
from kvalitet.settings import LOGIN_ROLES, Settings
from kvalitet.warehouse import server
from kvalitet.warehouse.server_place import binaries

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[2]
DATABASE, MIGRATOR, CLOUD = "qr_kvalitet", "kvalitet_migrator", "cloud_admin"


@pytest.fixture(scope="module")
def embedded_18() -> Iterator[str]:
    """The admin URL of an embedded server on which nothing was ever set up."""
    var = Path(tempfile.mkdtemp(prefix="kvalitet-test-"))
    var.chmod(0o755)
    blank = Settings(root=ROOT, var=var, inbox="", server="127.0.0.1:0", database="kvalitet")
    try:
        yield server.admin_url(server.start(blank))
    finally:
        server.remove(blank)
        shutil.rmtree(var, ignore_errors=True)


@pytest.fixture(scope="module")
def debian(authority: Authority) -> Iterator[str]:
    """The admin URL of such a server from Debian's packages."""
    with debian_postgres(authority) as url:
        yield url


@pytest.fixture(params=["debian", "embedded_18"])
def superuser(request: pytest.FixtureRequest) -> str:
    """The superuser's URL of a server without databases and roles of ours."""
    url = request.getfixturevalue(request.param)

    def empty() -> None:
        with psycopg.connect(url, autocommit=True) as connection:
            made = connection.execute("select datname from pg_database where datname ~ '[Kk]valitet'").fetchall()
            for (database,) in made:
                connection.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(database)))
            present = connection.execute(
                "select rolname from pg_roles where oid >= 16384 order by rolname = %s", [CLOUD]
            ).fetchall()
            for (role,) in present:
                connection.execute(sql.SQL("drop owned by {} cascade").format(sql.Identifier(role)))
                connection.execute(sql.SQL("drop role {}").format(sql.Identifier(role)))

    empty()
    return url


@pytest.fixture
def own(superuser: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    address = urlsplit(superuser)
    monkeypatch.setenv("KVALITET_DATABASE_URL", f"postgresql://{address.hostname}:{address.port}/{DATABASE}")
    monkeypatch.setenv("KVALITET_VAR", str(tmp_path / "var"))
    return Settings.from_environment(ROOT)


def psql(url: str, script: str) -> str:
    """psql's output for `script`. Debian's psql is used where there is one, so that the oldest client is tried too."""
    program = next(iter([*Path("/usr/lib/postgresql").glob("*/bin/psql"), binaries() / "bin" / "psql"]))
    environment = {"PATH": os.defpath, "LC_ALL": "C.UTF-8"}
    done = subprocess.run(
        [str(program), "--no-psqlrc", url], input=script, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


def printed(*options: str) -> str:
    shown = CliRunner().invoke(app, ["admin-sql", *options])
    assert shown.exit_code == 0, shown.output
    return shown.output


def login(superuser: str, role: str) -> str:
    """The URL of `role`, after the administrator gave it a password."""
    password = "set-by-the-administrator"
    with psycopg.connect(superuser, autocommit=True) as connection:
        connection.execute(sql.SQL("alter role {} password {}").format(sql.Identifier(role), sql.Literal(password)))
    address = urlsplit(superuser)
    return f"postgresql://{role}:{password}@{address.hostname}:{address.port}"


def cloud(superuser: str) -> str:
    """The URL of an admin without superuser, who may make roles and databases and grant some of Postgres' own roles."""
    with psycopg.connect(superuser, autocommit=True) as connection:
        connection.execute(f"create role {CLOUD} login createrole createdb")  # type: ignore[arg-type]
        connection.execute(f"grant pg_read_all_stats, pg_signal_backend to {CLOUD} with admin option")  # type: ignore[arg-type]
        # Another installation's file may have closed this database to everybody.
        connection.execute(f"grant connect on database postgres to {CLOUD}")  # type: ignore[arg-type]
    return f"{login(superuser, CLOUD)}/postgres"


@pytest.mark.parametrize("administrator", ["superuser", "cloud"])
def test_printed_file_is_all_that_is_needed(
    own: Settings, superuser: str, administrator: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = superuser if administrator == "superuser" else cloud(superuser)
    script = printed()
    assert "CREATE DATABASE" in psql(url, script)
    again = psql(url, script)
    if administrator == "superuser":
        assert not re.search("GRANT|ALTER|CREATE|REVOKE", again), "a second time there is nothing to do"

    monkeypatch.setenv("KVALITET_ADMIN_URL", f"{login(superuser, MIGRATOR)}/{DATABASE}")
    first = services.migrate(own)
    assert len(first.added) > 30
    lacking = first.lacking
    if administrator == "superuser":
        assert not lacking
    else:
        assert all(right.without for right in lacking), "what a cloud refuses can be done without"
        assert any("temp_file_limit" in right.statement for right in lacking)
    assert airflow.prepare_database(own)
    a_named_reader_is_made_as_documented(own)
    with psycopg.connect(superuser) as connection:
        mighty = connection.execute(
            "select rolname from pg_roles where rolname like %s and (rolsuper or rolcreatedb or rolbypassrls)"
            " and rolname <> current_user",
            ["kvalitet%"],
        ).fetchall()
    assert mighty == []
    for role in LOGIN_ROLES:
        with psycopg.connect(own.dsn(role)) as connection:
            assert connection.execute("select current_user").fetchone() == (role,)
    with psycopg.connect(superuser, autocommit=True) as connection:
        connection.execute(f"alter role {MIGRATOR} nocreaterole")  # type: ignore[arg-type]
    again = services.migrate(own)
    assert again.added == [], "nothing of it needs CREATEROLE once the passwords are set"
    of_named = [right.statement for right in again.lacking if "jens_hansen" in right.statement]
    assert of_named == ["alter role \"jens_hansen\" set temp_file_limit = '5GB'"], "that is a superuser's to set"
    named = {row["statement"] for row in read_status(own)["not_in_force"]}
    assert named == {right.statement for right in again.lacking if MIGRATOR not in right.statement}


def a_named_reader_is_made_as_documented(own: Settings) -> None:
    """The commands are run by the login of KVALITET_ADMIN_URL, which is the admin in docs/security.md."""
    (block,) = re.findall(r"```sql\n(.*?)```", (ROOT / "docs" / "security.md").read_text(), re.DOTALL)
    commands = block.replace("\\password jens_hansen\n", "alter role jens_hansen password 'hers';\n")
    with psycopg.connect(server.admin_url(own, DATABASE), autocommit=True) as connection:
        connection.execute(commands.replace("on database kvalitet", f"on database {DATABASE}").encode())
    with psycopg.connect(f"postgresql://jens_hansen:hers@{own.server}/{DATABASE}") as connection:
        member = "select pg_has_role('kvalitet_detail_reader', 'usage'), current_setting('statement_timeout')"
        assert connection.execute(member).fetchone() == (True, "5min")


def test_names_and_passwords_are_quoted(own: Settings, superuser: str, monkeypatch: pytest.MonkeyPatch) -> None:
    named = f"{own.server}/Kvalitet-prod%20%C3%A6"
    monkeypatch.setenv("KVALITET_DATABASE_URL", f"postgresql://{named}")
    settings, role, password = Settings.from_environment(ROOT), 'Drift "A"', "p@s/s%:#"
    script = printed("--login", role)
    psql(superuser, script)
    assert "CREATE" not in psql(superuser, script)
    with psycopg.connect(superuser, autocommit=True) as connection:
        connection.execute(sql.SQL("alter role {} password {}").format(sql.Identifier(role), sql.Literal(password)))
    who = f"{quote(role, safe='')}:{quote(password, safe='')}"
    monkeypatch.setenv("KVALITET_ADMIN_URL", f"postgresql://{who}@{named}")
    assert services.migrate(settings).lacking == []
    assert airflow.prepare_database(settings)
    assert read_status(settings)["not_in_force"] == []


def test_no_secret_is_printed(own: Settings, superuser: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KVALITET_ADMIN_URL", superuser)
    services.migrate(own)
    script = printed()
    held = [file.read_text().strip() for file in own.secrets_dir.iterdir()]
    assert len(held) > 8
    assert not [secret for secret in held if secret in script]
    assert "SCRAM" not in script


def test_missing_right_is_named_and_refused(own: Settings, superuser: str, monkeypatch: pytest.MonkeyPatch) -> None:
    psql(superuser, printed())
    monkeypatch.setenv("KVALITET_ADMIN_URL", f"{login(superuser, MIGRATOR)}/postgres")
    services.migrate(own)
    with psycopg.connect(superuser, autocommit=True) as connection:
        connection.execute(f"alter role {MIGRATOR} nocreaterole")  # type: ignore[arg-type]
        connection.execute("revoke pg_read_all_stats from kvalitet_publisher")
        connection.execute("revoke kvalitet_candidate_owner from kvalitet_transformer")
    with pytest.raises(KvalitetError) as refused:
        services.migrate(own)
    for missing in ("grant pg_read_all_stats to kvalitet_publisher", "grant kvalitet_candidate_owner to"):
        assert missing in refused.value.what
        assert any(missing in row["statement"] for row in read_status(own)["not_in_force"])
    assert f"kvalitet admin-sql --login {MIGRATOR}" in (refused.value.remedy or "")
    psql(superuser, printed())
    assert services.migrate(own).lacking == []


def test_right_to_end_readers_is_optional(own: Settings, superuser: str, monkeypatch: pytest.MonkeyPatch) -> None:
    psql(superuser, printed())
    monkeypatch.setenv("KVALITET_ADMIN_URL", f"{login(superuser, MIGRATOR)}/postgres")
    services.migrate(own)
    with psycopg.connect(superuser, autocommit=True) as connection:
        connection.execute(f"alter role {MIGRATOR} nocreaterole")  # type: ignore[arg-type]
        connection.execute("revoke pg_signal_backend from kvalitet_publisher")
    lacking = services.migrate(own).lacking
    assert [right.statement for right in lacking] == ["grant pg_signal_backend to kvalitet_publisher"]
    assert read_status(own)["not_in_force"] == [
        {"statement": "grant pg_signal_backend to kvalitet_publisher", "without": lacking[0].without}
    ]
    said: list[str] = []
    services.up(own, with_airflow=False, say=said.append)
    assert "Not in force: grant pg_signal_backend to kvalitet_publisher" in " ".join(said)


def test_role_with_power_is_named(own: Settings, superuser: str, monkeypatch: pytest.MonkeyPatch) -> None:
    psql(superuser, printed())
    monkeypatch.setenv("KVALITET_ADMIN_URL", f"{login(superuser, MIGRATOR)}/postgres")
    with psycopg.connect(superuser, autocommit=True) as connection:
        connection.execute("alter role kvalitet_loader superuser")
    with pytest.raises(KvalitetError, match="alter role kvalitet_loader login nosuperuser"):
        services.migrate(own)
    psql(superuser, printed())
    services.migrate(own)


def test_superuser_warehouse_is_taken_over(own: Settings, superuser: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KVALITET_ADMIN_URL", superuser)
    services.migrate(own)
    psql(superuser, printed())
    monkeypatch.setenv("KVALITET_ADMIN_URL", f"{login(superuser, MIGRATOR)}/{DATABASE}")
    assert services.migrate(own).added == []
    with psycopg.connect(superuser.replace("/postgres", f"/{DATABASE}")) as connection:
        owner = connection.execute("select relowner::regrole::text from pg_class where relname = 'kvalitet_migration'")
        assert owner.fetchone() == (MIGRATOR,)


def test_unset_password_is_named(own: Settings, superuser: str, monkeypatch: pytest.MonkeyPatch) -> None:
    psql(superuser, printed())
    monkeypatch.setenv("KVALITET_ADMIN_URL", f"{login(superuser, MIGRATOR)}/postgres")
    with psycopg.connect(superuser, autocommit=True) as connection:
        connection.execute(f"alter role {MIGRATOR} nocreaterole")  # type: ignore[arg-type]
    with pytest.raises(KvalitetError, match="kvalitet_loader cannot log in") as refused:
        services.migrate(own)
    assert f"alter role {MIGRATOR} createrole" in (refused.value.remedy or "")
