"""A Postgres from Debian's packages, as an administration has one. It runs only while the tests do."""

import os
import pwd
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from certificates import Authority

from kvalitet.warehouse.ports import free_port

#: The oldest version that is supported. TEST_POSTGRES_PROGRAMS names the folder of another.
PROGRAMS = Path(os.environ.get("TEST_POSTGRES_PROGRAMS", "/usr/lib/postgresql/15/bin"))
#: Databases to which the server refuses unencrypted connections.
ONLY_WITH_TLS = ("egen_kvalitet", "egen_kvalitet_airflow", "tls_kvalitet")


def major_version() -> int:
    said = subprocess.run([PROGRAMS / "postgres", "--version"], check=True, capture_output=True, text=True).stdout
    found = re.search(r"\) (\d+)", said)
    assert found, said
    return int(found[1])


@contextmanager
def debian_postgres(authority: Authority) -> Iterator[str]:
    """The admin URL of an empty server. The test is skipped where the package is not installed.

    The server offers TLS, with a certificate for the name localhost.
    """
    if not (PROGRAMS / "initdb").is_file():
        pytest.skip(f"There is no {PROGRAMS / 'initdb'}: install postgresql-15")
    folder = Path(tempfile.mkdtemp(prefix="kvalitet-test-pg15-"))
    user = pwd.getpwnam("postgres") if os.geteuid() == 0 else None
    user_id, group_id, port = user and user.pw_uid, user and user.pw_gid, free_port()
    password = folder / "password"
    password.write_text("only-for-this-test")
    data, certificates = folder / "data", folder / "certificates"
    certificates.mkdir()
    for file in (authority.file, *authority.issue("server", "localhost")):
        shutil.copy2(file, certificates)
    for path in (folder, *folder.rglob("*")):
        if user:
            os.chown(path, user.pw_uid, user.pw_gid)

    def call(program: str, *arguments: str) -> None:
        command = [str(PROGRAMS / program), "-D", str(data), *arguments]
        subprocess.run(command, check=True, cwd="/", stdout=subprocess.DEVNULL, user=user_id, group=group_id)

    call("initdb", "-U", "own_admin", "-A", "scram-sha-256", f"--pwfile={password}", "-E", "UTF8", "--locale=C.UTF-8")
    rules = data / "pg_hba.conf"
    rules.write_text(f"hostnossl {','.join(ONLY_WITH_TLS)} all all reject\n{rules.read_text()}")
    settings = {
        "port": port, "listen_addresses": "localhost", "unix_socket_directories": "''", "fsync": "off", "ssl": "on",
        "ssl_ca_file": certificates / "ca.crt",
        "ssl_cert_file": certificates / "server.crt", "ssl_key_file": certificates / "server.key",
    }  # fmt: skip
    options = " ".join(f"-c {name}={value}" for name, value in settings.items())
    call("pg_ctl", "start", "-w", "-l", str(folder / "log"), "-o", options)
    try:
        yield f"postgresql://own_admin:only-for-this-test@127.0.0.1:{port}/postgres"
    finally:
        call("pg_ctl", "stop", "-m", "fast")
        shutil.rmtree(folder)
