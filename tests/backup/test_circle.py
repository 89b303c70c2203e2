"""From one installation into an empty one: everything is restored, but only with the keys that fit."""

import json
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
from comparing import catalogue, contents, database_rights
from installations import CASES, Installation, database_is_there, deliver, seen_as
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict
from synthetic import passed_build

from kvalitet.backup import back_up, restore
from kvalitet.backup import programs as at_hand
from kvalitet.errors import KvalitetError
from kvalitet.intake import replay
from kvalitet.landing import Store
from kvalitet.landing.keys import Identity, recipient_file
from kvalitet.persons.confirmation import confirm
from kvalitet.persons.journal import NAME
from kvalitet.publication import publish, rollback
from kvalitet.services import preparing
from kvalitet.settings import DETAIL, LOADER, LOGIN_ROLES, Settings
from kvalitet.warehouse import server
from kvalitet.warehouse.connection import connect, fetch_all

pytestmark = pytest.mark.slow
New = Callable[[], Installation]


def test_every_right_row_and_file_comes_back(small: Installation, empty: New, tmp_path: Path) -> None:
    with psycopg.connect(small.admin_url) as connection:
        connection.execute("insert into audit.detail_access values ('kvalitet_detail', 'C02', 'test')")
    before = catalogue(small.admin_url), contents(small.admin_url), database_rights(small.admin_url)
    seen = fetch_all(small.settings, DETAIL, "select * from reporting.fct_complaint order by 1")
    made = back_up(small.settings, tmp_path / "backups", tmp_path / "keys")
    assert (made.kept_files, made.missing, made.keys_absent) == (4, (), ("airflow_fernet",))

    target = empty()
    shutil.copy(small.secrets / NAME, target.secrets)
    restored = restore(target.settings, made.path, tmp_path / "keys", "test")

    assert restored.verification.faults == []
    assert (restored.verification.entries, restored.verification.seen.tables) == (2, 4)
    assert restored.settled.says == ""
    after = catalogue(target.admin_url), contents(target.admin_url), database_rights(target.admin_url)
    assert after == before
    assert any("CREATE POLICY by_centre" in line for line in after[0]), "policies are compared, too"
    assert any("ALTER DEFAULT PRIVILEGES" in line for line in after[0])
    assert fetch_all(target.settings, DETAIL, "select * from reporting.fct_complaint order by 1") == seen != []
    assert Store(target.settings).files().keys() == Store(small.settings).files().keys()
    certificates = sorted(path.name for path in (target.settings.site_dir / "certificates").iterdir())
    assert certificates == ["000001.json", "000002.json"]


def test_restored_takes_in_replays_rolls_back(small: Installation, empty: New, tmp_path: Path) -> None:
    made = back_up(small.settings, tmp_path / "backups", tmp_path / "keys")
    target = empty()
    shutil.copy(small.secrets / NAME, target.secrets)
    restore(target.settings, made.path, tmp_path / "keys", "test")
    deliver(target.settings, "2025-01-04", *CASES, "2025 - 00001", "2025 - 00002")
    assert replay(target.settings, 1).outcome == "nothing_new"
    assert rollback(target.settings, "a test").publication_id == 1
    persons = fetch_all(
        target.settings, LOADER,
        "select count(distinct citizen_pseudonym) as persons, count(*) as rows from raw.bif_complaints__complaints"
        " where valid_to_load is null and citizen_pseudonym is not null",
    )  # fmt: skip
    assert persons == [{"persons": 1, "rows": 1}], "the same key gives the same pseudonym: nothing was opened anew"


def test_prepared_unused_installation_is_empty(small: Installation, empty: New, tmp_path: Path) -> None:
    made = back_up(small.settings, tmp_path / "backups", tmp_path / "keys")
    before = catalogue(small.admin_url)
    target = empty()
    preparing.prepare(target.settings, target.environment["KVALITET_ADMIN_URL"])
    own_key = (target.secrets / "pseudonym.key").read_text()
    with pytest.raises(KvalitetError, match=r"The pseudonym key at .* is not the one that kvalitet-"):
        restore(target.settings, made.path, None, "test")
    restore(target.settings, made.path, tmp_path / "keys", "test")
    assert (target.secrets / "pseudonym.key").read_text() != own_key
    assert catalogue(target.admin_url) == before


def test_installation_in_use_is_left_as_it_is(small: Installation, tmp_path: Path) -> None:
    made = back_up(small.settings, tmp_path / "backups", tmp_path / "keys")
    before = contents(small.admin_url)
    with pytest.raises(KvalitetError, match=r"is not empty: there are rows in audit\.build") as refused:
        restore(small.settings, made.path, None, "test")
    assert "empty installation only" in refused.value.remedy
    assert contents(small.admin_url) == before


@pytest.mark.parametrize(
    "made_by_others",
    [
        "create schema bi; create view bi.figures as select 1 as n",
        "create view public.figures as select 1 as n",
        "create materialized view public.figures as select 1 as n",
        "create function public.figures() returns int language sql as 'select 1'",
    ],
)
@pytest.mark.parametrize("is_prepared", [False, True])
def test_database_with_only_views_is_not_empty(
    small: Installation, empty: New, tmp_path: Path, made_by_others: str, is_prepared: bool
) -> None:
    made = back_up(small.settings, tmp_path / "backups", tmp_path / "keys")
    target = empty()
    if is_prepared:
        preparing.prepare(target.settings, target.environment["KVALITET_ADMIN_URL"])
    else:
        with psycopg.connect(target.environment["KVALITET_ADMIN_URL"], autocommit=True) as server:
            server.execute(f'create database "{target.settings.database}"')  # type: ignore[arg-type]
    with psycopg.connect(target.admin_url) as connection:
        connection.execute(made_by_others)  # type: ignore[arg-type]
    with pytest.raises(KvalitetError, match=r"is not empty: there are views or functions of others: .*\.figures"):
        restore(target.settings, made.path, tmp_path / "keys", "test")
    with psycopg.connect(target.admin_url) as connection:
        found = connection.execute(
            "select count(*) from (select relname from pg_class union all select proname from pg_proc) as made"
            " where relname = 'figures'"
        ).fetchone()
    assert found == (1,)


def test_session_on_empty_database_is_named(small: Installation, empty: New, tmp_path: Path) -> None:
    made = back_up(small.settings, tmp_path / "backups", tmp_path / "keys")
    target = empty()
    preparing.prepare(target.settings, target.environment["KVALITET_ADMIN_URL"])
    with (
        connect(target.settings, LOADER),
        pytest.raises(KvalitetError, match="is in use by kvalitet_loader"),
    ):
        restore(target.settings, made.path, tmp_path / "keys", "test")


class TestKeys:
    @pytest.fixture
    def made(self, small: Installation, tmp_path: Path):
        return back_up(small.settings, tmp_path / "backups", tmp_path / "keys")

    def test_backup_without_keys_holds_no_secret(self, small: Installation, tmp_path: Path) -> None:
        made = back_up(small.settings, tmp_path / "alone")
        secrets = {
            line for file in small.secrets.iterdir() if file.suffix != ".pub" and file.name != NAME
            for line in file.read_text().splitlines() if len(line) > 16 and "-----" not in line
        }  # fmt: skip
        assert len(secrets) >= 10
        for file in made.path.rglob("*"):
            if file.is_file():
                assert not any(secret.encode() in file.read_bytes() for secret in secrets), file.name
                assert file.stat().st_mode & 0o777 == 0o600
        assert made.path.stat().st_mode & 0o777 == 0o700

    @pytest.mark.parametrize("apart", [".", "below", ".."])
    def test_keys_beside_the_data_are_refused(self, small: Installation, tmp_path: Path, apart: str) -> None:
        to = tmp_path / "backups" / "here"
        with pytest.raises(KvalitetError, match="The keys would lie with the data"):
            back_up(small.settings, to, to / apart)
        assert not to.exists()

    @pytest.mark.parametrize(
        ("name", "content", "said"),
        [
            ("pseudonym.key", "ab" * 32, "pseudonym key"),
            ("pseudonym.key", None, "pseudonym key is not at"),
            ("landing.pub", f"{Identity.generate().to_public()}", "landing store's public key"),
            ("landing.key", f"{Identity.generate()}", "landing store's private key"),
            ("certificate.pub", "other", "certificates' public key"),
            ("certificate.key", "other", "certificates' private key"),
        ],
        ids=[
            "pseudonym",
            "no-pseudonym",
            "landing-public",
            "landing-private",
            "certificate-public",
            "certificate-private",
        ],
    )
    def test_key_that_does_not_fit_is_named(
        self, small: Installation, empty: New, made, name: str, content: str | None, said: str, tmp_path: Path
    ) -> None:
        target = empty()
        for key in ("pseudonym.key", "landing.pub", "landing.key", "certificate.key", "certificate.pub"):
            shutil.copy(small.secrets / key, target.secrets)
        if content == "other":
            foreign = tmp_path / "foreign"
            foreign.mkdir()
            made_by_openssl = foreign / "certificate.key"
            subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519", "-out", made_by_openssl], check=True)
            subprocess.run(
                ["openssl", "pkey", "-in", made_by_openssl, "-pubout", "-out", foreign / "certificate.pub"], check=True
            )
            shutil.copy(foreign / name, target.secrets / name)
        elif content:
            (target.secrets / name).write_text(content)
        else:
            (target.secrets / name).unlink()
        with pytest.raises(KvalitetError, match=said) as refused:
            restore(target.settings, made.path, None, "test")
        assert content is None or content not in str(refused.value)
        assert not database_is_there(target)

    def test_other_installations_keys_are_named(self, small: Installation, empty: New, made, tmp_path: Path) -> None:
        with psycopg.connect(small.admin_url) as connection:
            connection.execute("update audit.installation set installation_id = gen_random_uuid()")
        (small.secrets / NAME).unlink(missing_ok=True)
        back_up(small.settings, tmp_path / "other", tmp_path / "other-keys")
        target = empty()
        with pytest.raises(KvalitetError, match="are another installation's"):
            restore(target.settings, made.path, tmp_path / "other-keys", "test")
        assert not database_is_there(target)

    def test_landing_private_key_may_be_elsewhere(self, small: Installation, empty: New, made) -> None:
        target = empty()
        for key in ("pseudonym.key", "landing.pub", "certificate.key", "certificate.pub"):
            shutil.copy(small.secrets / key, target.secrets)
        restore(target.settings, made.path, None, "test")
        assert not (target.secrets / "landing.key").exists()
        assert recipient_file(target.settings).read_text() == (small.secrets / "landing.pub").read_text()


def test_missing_server_role_is_named_first(small: Installation, empty: New, tmp_path: Path) -> None:
    """A BI user made by an administrator has rights on tables. Logins are on the server, not in the backup."""
    with psycopg.connect(small.admin_url, autocommit=True) as connection:
        connection.execute("create role grafana_of_test login")
        connection.execute("grant select on audit.publication to grafana_of_test")
        try:
            made = back_up(small.settings, tmp_path / "backups", tmp_path / "keys")
        finally:
            connection.execute("revoke all on audit.publication from grafana_of_test")
            connection.execute("drop role grafana_of_test")
    target = empty()
    with pytest.raises(KvalitetError, match="roles that this server lacks: grafana_of_test"):
        restore(target.settings, made.path, tmp_path / "keys", "test")
    assert contents(target.admin_url) == {}


def test_restore_leaves_neighbours_passwords(
    small: Installation, empty: New, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = back_up(small.settings, tmp_path / "backups", tmp_path / "keys")
    target = empty()
    for role in LOGIN_ROLES:
        (target.secrets / role).unlink()
    with pytest.raises(KvalitetError, match=r"on this server is another installation's"):
        restore(target.settings, made.path, tmp_path / "keys", "test")
    for role in LOGIN_ROLES:
        (target.secrets / role).write_text("its own")
    with pytest.raises(KvalitetError, match=r"on this server is another installation's"):
        preparing.prepare(target.settings, server.admin_url(target.settings))
    monkeypatch.setenv("KVALITET_SECRETS", str(small.secrets))
    psycopg.connect(small.settings.dsn(LOADER)).close()
    assert not database_is_there(target)


class TestVersions:
    def test_restores_to_newer_postgres_never_older(
        self,
        debian_server: str,
        empty: New,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
        warehouse_server: Settings,
    ) -> None:

        old = self._on(debian_server, "kvalitet_old", tmp_path / "old", monkeypatch, warehouse_server)
        preparing.prepare(old.settings, debian_server)
        deliver(old.settings, "2025-01-02", *CASES)
        publish(old.settings, passed_build(old.settings, tmp_path))
        made = back_up(old.settings, tmp_path / "backups", tmp_path / "keys")
        assert json.loads((made.path / "manifest.json").read_text())["postgres"].startswith("15")
        before = contents(old.admin_url)

        same = self._on(debian_server, "kvalitet_again", tmp_path / "again", monkeypatch, warehouse_server)
        assert restore(same.settings, made.path, tmp_path / "keys", "test").verification.faults == []
        assert contents(same.admin_url) == before
        assert catalogue(same.admin_url) == catalogue(old.admin_url)

        newer = empty()
        assert restore(newer.settings, made.path, tmp_path / "keys", "test").verification.faults == []
        assert contents(newer.admin_url) == before
        assert confirm(newer.settings, "A. Hansen", "nobody was erased since") == 1
        deliver(newer.settings, "2025-01-03", *CASES, "2025 - 00001")

        back = back_up(newer.settings, tmp_path / "from-18", tmp_path / "keys-18")
        third = self._on(debian_server, "kvalitet_third", tmp_path / "third", monkeypatch, warehouse_server)
        with pytest.raises(KvalitetError, match="The backup is of PostgreSQL 18, and this server is 15"):
            restore(third.settings, back.path, tmp_path / "keys-18", "test")

    def _on(
        self, admin_url: str, database: str, folder: Path, monkeypatch: pytest.MonkeyPatch, like: Settings
    ) -> Installation:
        secrets = folder / "secrets"
        secrets.mkdir(parents=True)
        (folder / "inbox").mkdir()
        for role in like.secrets_dir.iterdir():
            if role.name.startswith("kvalitet_"):
                shutil.copy(role, secrets)
        address = admin_url.rpartition("@")[2].removesuffix("/postgres")
        settings = replace(like, var=folder / "var", inbox=f"file://{folder}/inbox", server=address, database=database)
        return seen_as(settings, admin_url, secrets, monkeypatch)

    def test_old_pg_dump_says_what_to_install(
        self, small: Installation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        old = at_hand.Programs(Path("/usr/lib/postgresql/15/bin"), "15.9")
        monkeypatch.setattr(at_hand, "_at_hand", lambda: (old,))
        with pytest.raises(
            KvalitetError, match=r"PostgreSQL 18 are needed, and the newest at hand is 15\.9"
        ) as refused:
            back_up(small.settings, tmp_path / "backups")
        assert "postgresql-client-18" in refused.value.remedy
        assert list((tmp_path / "backups").iterdir()) == []


def test_no_password_is_on_command_line(small: Installation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    commands, real = [], subprocess.run

    def noted(command, **options):
        commands.append(" ".join(map(str, command)))
        return real(command, **options)

    monkeypatch.setattr(at_hand.subprocess, "run", noted)
    back_up(small.settings, tmp_path / "backups")
    password = conninfo_to_dict(small.admin_url)["password"]
    assert any("pg_dump" in command for command in commands)
    assert not any(str(password) in command for command in commands)


def test_failed_statement_undoes_restore(small: Installation, empty: New, tmp_path: Path) -> None:
    """The digests find only a damaged backup. Here the backup is sound, and Postgres itself refuses."""
    made = back_up(small.settings, tmp_path / "backups", tmp_path / "keys")
    target = empty()
    url = target.environment["KVALITET_ADMIN_URL"]
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(sql.SQL("create database {}").format(sql.Identifier(target.settings.database)))
    with psycopg.connect(target.admin_url, autocommit=True) as connection:
        # It is no table, view or function, and it has the name of the last table that is restored.
        connection.execute("create domain public.kvalitet_migration as text")
    with pytest.raises(KvalitetError, match=r"psql ended with code 3: .*kvalitet_migration"):
        restore(target.settings, made.path, tmp_path / "keys", "test")
    assert contents(target.admin_url) == {}
    with psycopg.connect(target.admin_url, autocommit=True) as connection:
        connection.execute("drop domain public.kvalitet_migration")
    assert restore(target.settings, made.path, tmp_path / "keys", "test").verification.faults == []
