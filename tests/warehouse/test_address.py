"""Addresses: which parts are read, which are refused, and that no message repeats a password."""

from pathlib import Path

import pytest

from kvalitet.errors import KvalitetError
from kvalitet.settings import LOADER, UNSTATED, Settings
from kvalitet.settings.address import Address, Tls
from kvalitet.warehouse import server

WHERE = "postgresql://db.example.dk:5433/kvalitet"


@pytest.fixture
def files(tmp_path: Path) -> Tls:
    for name in ("ca.crt", "our.crt", "our.key"):
        (tmp_path / name).touch()
    return Tls("verify-full", f"{tmp_path}/ca.crt", f"{tmp_path}/our.crt", f"{tmp_path}/our.key")


@pytest.fixture
def stated(files: Tls) -> str:
    return "&".join(f"{name}={value}" for name, value in files.parameters.items())


def settings_of(url: str, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("KVALITET_DATABASE_URL", url)
    return Settings.from_environment()


def test_tls_parameters_reach_every_role(
    stated: str, files: Tls, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / LOADER).write_text("a/b?c")
    monkeypatch.setenv("KVALITET_SECRETS", str(tmp_path))
    monkeypatch.setenv("KVALITET_ADMIN_URL", "postgresql://boss:p%40ss@db.example.dk:5433/postgres")
    settings = settings_of(f"{WHERE}?{stated}", monkeypatch)
    assert (settings.server, settings.database, settings.tls) == ("db.example.dk:5433", "kvalitet", files)
    query = f"sslmode=verify-full&sslrootcert={tmp_path}/ca.crt&sslcert={tmp_path}/our.crt&sslkey={tmp_path}/our.key"
    where = "db.example.dk:5433"
    path = "options=-csearch_path%3Dpg_catalog%2Cpg_temp"
    assert settings.dsn(LOADER) == f"postgresql://{LOADER}:a%2Fb%3Fc@{where}/kvalitet?{query}&{path}"
    assert settings.dsn(LOADER, options="-ca=b c").endswith(f"{query}&options=-ca%3Db%20c")
    assert server.admin_url(settings) == f"postgresql://boss:p%40ss@{where}/postgres?{query}"
    assert server.admin_url(settings, "other").endswith(f"/other?{query}")


def test_admin_may_state_own_certificate(stated: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("boss.crt", "boss.key"):
        (tmp_path / name).touch()
    own = f"sslcert={tmp_path}/boss.crt&sslkey={tmp_path}/boss.key"
    monkeypatch.setenv("KVALITET_ADMIN_URL", f"postgresql://boss@db.example.dk/postgres?{own}")
    url = server.admin_url(settings_of(f"{WHERE}?{stated}", monkeypatch))
    assert url.startswith("postgresql://boss@db.example.dk:5432/postgres?sslmode=verify-full&sslrootcert=")
    assert url.endswith(own)


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("target_session_attrs=any", "the parameter target_session_attrs, which is not known"),
        ("sslmode=verify-full&sslcompression=1", "sslcompression"),
        ("sslmode=prefer", "sslmode=prefer: that is not a mode in which it is certain"),
        ("sslmode=allow", "sslmode=allow"),
        ("sslmode=Require", "sslmode=Require"),
        ("sslmode=", "sslmode="),
        ("sslmode=verify-full", "no sslrootcert"),
        ("sslmode=verify-ca", "no sslrootcert"),
        ("sslrootcert={ca}", "no sslmode that verifies"),
        ("sslmode=require&sslrootcert={ca}", "no sslmode that verifies"),
        ("sslmode=require&sslmode=disable", "sslmode twice"),
        ("sslmode=verify-full&sslrootcert=ca.crt", "no absolute path"),
        ("sslmode=verify-full&sslrootcert=system", "no absolute path"),
        ("sslmode=verify-full&sslrootcert=/nowhere/ca.crt", "sslrootcert=/nowhere/ca.crt, and no such file"),
        ("sslmode=require&sslcert={ca}", "only a part of what a client certificate needs"),
        ("sslcert={ca}&sslkey={ca}", "only a part of what a client certificate needs"),
        ("sslmode", "cannot be read"),
    ],
)
def test_unreliable_parameter_is_refused(query: str, said: str, files: Tls, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(KvalitetError) as refused:
        settings_of(f"{WHERE}?{query.format(ca=files.sslrootcert)}", monkeypatch)
    assert said in refused.value.what and "KVALITET_DATABASE_URL" in refused.value.what
    assert refused.value.remedy


@pytest.mark.parametrize(
    "url",
    [
        "mysql://db/kvalitet", "db.example.dk:5432/kvalitet", "postgresql://db.example.dk", "postgresql:///kvalitet",
        "postgresql://db:secret-port/kvalitet", "postgresql://one:5432,two:5432/kvalitet", "postgresql://[::1/kvalitet",
        "postgresql://db/kvalitet/more", "postgresql://db/kvalitet#secret", "postgresql://own:secret@db/kvalitet",
        "postgresql://own:secret/part@db/kvalitet", "host=db dbname=kvalitet password=secret",
    ],
)  # fmt: skip
def test_malformed_address_is_not_repeated(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(KvalitetError, match="KVALITET_DATABASE_URL") as refused:
        settings_of(url, monkeypatch)
    assert "secret" not in f"{refused.value.what} {refused.value.remedy}"


def test_nothing_is_added_by_default(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = settings_of("postgresql://[2001:db8::1]:5433/kvalitet", monkeypatch)
    assert settings.tls == UNSTATED
    assert settings.host_and_port == ("2001:db8::1", 5433)
    assert Address(settings.server, "kvalitet", settings.tls).url() == "postgresql://[2001:db8::1]:5433/kvalitet"
    assert settings_of("postgres://db/kvalitet?sslmode=disable", monkeypatch).tls == Tls("disable")
