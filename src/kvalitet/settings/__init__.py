"""The folders and addresses of an installation, in one object that is read from the environment once."""

import os
import secrets
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

from kvalitet.errors import KvalitetError
from kvalitet.settings.address import ACTING_PATH, UNSTATED, Address, Tls
from kvalitet.settings.administration import EXAMPLE, Administration, administration_place
from kvalitet.settings.server_note import noted_address
from kvalitet.settings.stated import whole_number

TIMEZONE = ZoneInfo("Europe/Copenhagen")

#: Login roles of the warehouse. Each step connects as its own (see docs/security.md).
LOADER = "kvalitet_loader"
TRANSFORMER = "kvalitet_transformer"
GATE = "kvalitet_gate"
RULES = "kvalitet_rules"  # measures the rules of contracts
PUBLISHER = "kvalitet_publisher"
BI = "kvalitet_bi"
DETAIL = "kvalitet_detail"
AUDITOR = "kvalitet_auditor"
LOGIN_ROLES = (LOADER, TRANSFORMER, GATE, RULES, PUBLISHER, BI, DETAIL, AUDITOR)
READER_ROLES = (BI, DETAIL, AUDITOR)
#: The number of publications whose pages of figures are kept, unless another number is stated.
FIGURE_PAGES = 5


@dataclass(frozen=True)
class Settings:
    """The folders of one installation and the address of its warehouse.

    `server` is `host:port`, `database` the warehouse's name in it, `tls` how connections are encrypted. Passwords are
    files in `secrets_dir` named after the role (mode 0600), or `KVALITET_PASSWORD_FILE_<ROLE>` names another file. The
    admin's connection is not part of the settings, see warehouse/admin.py.
    """

    root: Path
    var: Path
    inbox: str
    server: str
    database: str
    tls: Tls = UNSTATED
    administration_place: Path = EXAMPLE  # relative to root

    @classmethod
    def from_environment(cls, root: Path | None = None) -> "Settings":
        """Read the settings of the checkout `root` (default: KVALITET_ROOT, or the working folder).

        `KVALITET_DATABASE_URL` (without a user) points at an existing server. Without it, the address is that of the
        embedded server, noted in var/run/postgres.address when it started.
        """
        root = (root or Path(os.environ.get("KVALITET_ROOT", "."))).resolve()
        if not (root / "dbt_project").is_dir():
            raise KvalitetError(
                f"{root} is not a Kvalitet checkout: it has no dbt_project folder.",
                "Run from the checkout, or set KVALITET_ROOT to it.",
            )
        var = Path(os.environ.get("KVALITET_VAR", root / "var")).resolve()
        server, database, tls = _address(var)
        inbox = os.environ.get("KVALITET_INBOX", f"file://{var / 'inbox'}")
        return cls(root, var, inbox, server, database, tls, administration_place(root))

    @property
    def administration(self) -> Administration:
        """What one administration agrees and decides. The product knows none by name."""
        return Administration(self.root / self.administration_place)

    @property
    def contracts_dir(self) -> Path:
        return Path(os.environ.get("KVALITET_CONTRACTS", self.administration.contracts))

    @property
    def waivers_file(self) -> Path:
        return self.administration.waivers

    @property
    def suites_dir(self) -> Path:
        return self.root / "expectations" / "suites"

    @property
    def dbt_dir(self) -> Path:
        return self.root / "dbt_project"

    @property
    def site_dir(self) -> Path:
        return Path(os.environ.get("KVALITET_SITE", self.var / "site"))

    @property
    def figure_pages(self) -> int:
        """For how many publications, the newest first, the pages of figures are kept (KVALITET_FIGURE_PAGES).

        Raises KvalitetError where that is no whole number above 0.
        """
        return whole_number("KVALITET_FIGURE_PAGES", FIGURE_PAGES, least=1)

    def page_address(self, page: str) -> str:
        """The address of a page of the site: below KVALITET_SITE_URL where it is served, otherwise the file."""
        served = os.environ.get("KVALITET_SITE_URL")
        return f"{served.rstrip('/')}/{page}" if served else f"file://{self.site_dir / page}"

    @property
    def fetched(self) -> Path:
        """The folder of deliveries fetched over HTTP, with a folder per source like the inbox."""
        return Path(os.environ.get("KVALITET_FETCHED", self.var / "fetched"))

    @property
    def landing(self) -> str:
        """The address, in fsspec's form, where delivered files are kept encrypted."""
        return os.environ.get("KVALITET_LANDING", f"file://{self.var / 'landing'}")

    @property
    def secrets_dir(self) -> Path:
        return Path(os.environ.get("KVALITET_SECRETS", self.var / "secrets"))

    @property
    def host_and_port(self) -> tuple[str, int]:
        """Host and port apart, the host without an IPv6 address' brackets."""
        host, _, port = self.server.rpartition(":")
        return host.strip("[]"), int(port)

    def dsn(self, role: str, **session: str) -> str:
        """The libpq URL of `role`, one of LOGIN_ROLES. `session` holds further parameters, such as `options`.

        Any role but a reader finds functions and operators only in pg_catalog, unless `options` says otherwise, since
        what lies in another schema could be somebody else's. A reader has the path that was set for it. Raises
        KvalitetError where the role's password file is missing.
        """
        acting = {} if role in READER_ROLES else {"options": ACTING_PATH}
        return Address(self.server, self.database, self.tls, role, self.password(role)).url(**(acting | session))

    def password(self, role: str) -> str:
        """The password of `role` from its file. Raises KvalitetError where it is missing or empty."""
        named = os.environ.get(f"KVALITET_PASSWORD_FILE_{role.removeprefix('kvalitet_').upper()}")
        file = Path(named) if named else self.secrets_dir / role
        if not file.is_file():
            raise KvalitetError(
                f"The password of the role {role} is not at {file}.",
                "Run `kvalitet up`, which makes the roles, or mount the secret there.",
            )
        return read_secret(file)

    @property
    def certificate_key_file(self) -> Path:
        """The key that signs certificates where no other signer is named. Its public half lies beside it (.pub)."""
        return Path(os.environ.get("KVALITET_CERTIFICATE_KEY_FILE", self.secrets_dir / "certificate.key"))

    @property
    def pseudonym_key_file(self) -> Path:
        return Path(os.environ.get("KVALITET_PSEUDONYM_KEY_FILE", self.secrets_dir / "pseudonym.key"))

    def pseudonym_keys(self) -> tuple[bytes, ...]:
        """The keys of the pseudonyms (32 bytes each), in the order of use. They are never stored in the warehouse."""
        file = self.pseudonym_key_file
        if not file.is_file():
            raise KvalitetError(
                f"The pseudonym key is not at {file}.",
                "Run `kvalitet up`, or restore the key from its backup: a new key breaks every pseudonym.",
            )
        try:
            keys = tuple(bytes.fromhex(line) for line in file.read_text().split())
        except (OSError, ValueError):  # the message of either may show the key
            raise KvalitetError(
                f"The pseudonym key at {file} cannot be read as lines of hexadecimal digits.",
                "Restore it from its backup.",
            ) from None
        if not keys or min(map(len, keys)) < 32:
            raise KvalitetError(f"The pseudonym key at {file} is shorter than 32 bytes.", "Restore it from its backup.")
        return keys


def _address(var: Path) -> tuple[str, str, Tls]:
    url = os.environ.get("KVALITET_DATABASE_URL")
    if url:
        stated = Address.read(url, "KVALITET_DATABASE_URL")
        if stated.user is not None:
            raise KvalitetError(
                "KVALITET_DATABASE_URL holds a user name: each step connects as its own role, with its own password.",
                "Take it out; the admin's user name and password belong in KVALITET_ADMIN_URL.",
            )
        return stated.server, stated.database, stated.tls
    return noted_address(var), "kvalitet", UNSTATED


def read_secret(file: Path) -> str:
    """The secret in `file`. Raises KvalitetError where it is empty, as a full disk leaves it."""
    secret = file.read_text().strip()
    if not secret:
        raise KvalitetError(
            f"The secret {file} is empty.",
            "Write it once more, or bring it back from a backup of the keys. A role's password may also be made anew:"
            " delete the file and run `kvalitet up`.",
        )
    return secret


def write_secret(file: Path, value: str | None = None) -> str:
    """Return the secret in `file`, making it first (mode 0600) where it does not exist.

    Raises KvalitetError where the file exists and is empty.
    """
    if file.is_file():
        return read_secret(file)
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    value = value or secrets.token_urlsafe(24)
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as out:
        out.write(value)
    return value


def replace_secret(file: Path, content: str) -> None:
    """Replace the secret in the file, whole or not at all. Raises KvalitetError where that is not possible."""
    part = file.with_name(file.name + ".part")
    try:
        part.unlink(missing_ok=True)
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as out:
            out.write(content)
            out.flush()
            os.fsync(out.fileno())
        part.replace(file)
    except OSError as error:
        raise KvalitetError(
            f"The secret {file} cannot be written: {error.strerror}.", "Run this where its folder can be written."
        ) from None
