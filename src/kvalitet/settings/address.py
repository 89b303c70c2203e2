"""The address of a Postgres server and how connections to it are encrypted: read here, and written for each client.

libpq (psycopg, psycopg2, ADBC, psql, dbt) takes the parameters by name, asyncpg takes an SSLContext.
"""

import ssl
from dataclasses import dataclass, fields, replace
from pathlib import Path
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

from kvalitet.errors import KvalitetError

#: `allow` and `prefer` are not among them, since libpq then connects without encryption where it gets none.
MODES = ("disable", "require", "verify-ca", "verify-full")
VERIFYING = ("verify-ca", "verify-full")


@dataclass(frozen=True)
class Tls:
    """libpq's parameters of the same names. None is what was not stated. Files are absolute paths."""

    sslmode: str | None = None
    sslrootcert: str | None = None
    sslcert: str | None = None
    sslkey: str | None = None

    @property
    def parameters(self) -> dict[str, str]:
        """The stated parameters, as libpq spells them."""
        return {name: value for name, value in vars(self).items() if value}

    @classmethod
    def read(cls, query: str, variable: str, base: "Tls | None" = None) -> "Tls":
        """Read the parameters in an address' query, over those of `base`. Raises KvalitetError that names the fault."""
        try:
            stated = parse_qsl(query, keep_blank_values=True, strict_parsing=bool(query))
        except ValueError:
            raise KvalitetError(f"What follows the ? in {variable} cannot be read.", "Write name=value&…") from None
        names = [name for name, _ in stated]
        for name in names:
            if name not in TLS_PARAMETERS:
                raise KvalitetError(
                    f"{variable} has the parameter {name}, which is not known.",
                    f"Known are: {', '.join(TLS_PARAMETERS)}.",
                )
            if names.count(name) > 1:
                raise KvalitetError(f"{variable} has the parameter {name} twice.", "State it once.")
        made = replace(base or cls(), **dict(stated))
        made._check(variable)
        return made

    def _check(self, variable: str) -> None:
        if self.sslmode is not None and self.sslmode not in MODES:
            raise KvalitetError(
                f"{variable} has sslmode={self.sslmode}: that is not a mode in which it is certain whether"
                " a connection is encrypted.",
                f"Use one of: {', '.join(MODES)}.",
            )
        if self.sslmode in VERIFYING and not self.sslrootcert:
            raise KvalitetError(
                f"{variable} has sslmode={self.sslmode}, but no sslrootcert to verify the server's certificate with.",
                "Add sslrootcert=/path/of/ca.crt; for a public authority /etc/ssl/certs/ca-certificates.crt on Debian.",
            )
        if self.sslmode not in VERIFYING and self.sslrootcert:
            raise KvalitetError(
                f"{variable} has an sslrootcert, but no sslmode that verifies the server's certificate with it.",
                "Add sslmode=verify-full.",
            )
        if bool(self.sslcert) != bool(self.sslkey) or (self.sslcert and self.sslmode in (None, "disable")):
            raise KvalitetError(
                f"{variable} has only a part of what a client certificate needs.",
                "State sslmode, sslcert and sslkey together.",
            )
        for name in ("sslrootcert", "sslcert", "sslkey"):
            file = getattr(self, name)
            if file and not Path(file).is_absolute():
                raise KvalitetError(f"{variable} has {name}={file}: that is no absolute path.", "Write it from /.")
            if file and not Path(file).is_file():
                raise KvalitetError(f"{variable} has {name}={file}, and no such file can be read.", "Put it there.")

    def context(self) -> ssl.SSLContext | None:
        """The value of asyncpg's `ssl`. None where no encryption was asked for. Needs the files."""
        if self.sslmode in (None, "disable"):
            return None
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = self.sslmode == "verify-full"
        context.verify_mode = ssl.CERT_REQUIRED if self.sslmode in VERIFYING else ssl.CERT_NONE
        if self.sslrootcert:
            context.load_verify_locations(cafile=self.sslrootcert)
        if self.sslcert:
            context.load_cert_chain(self.sslcert, self.sslkey)
        return context


#: The search path of roles that work on what others made, as `options` of a connection.
ACTING_PATH = "-csearch_path=pg_catalog,pg_temp"
#: Where nothing is stated: the embedded server, or a trusted network.
UNSTATED = Tls()
#: The names of all parameters.
TLS_PARAMETERS = tuple(field.name for field in fields(Tls))


@dataclass(frozen=True)
class Address:
    """`server` is host:port, as in a URL (an IPv6 host has brackets). User and password are decoded."""

    server: str
    database: str
    tls: Tls
    user: str | None = None
    password: str | None = None

    @classmethod
    def read(cls, url: str, variable: str, base: Tls | None = None) -> "Address":
        """Read `url`, the value of `variable`. Raises KvalitetError, which never repeats the value itself."""
        try:
            parts = urlsplit(url)
            host, port, database = parts.hostname, parts.port or 5432, unquote(parts.path.strip("/"))
            is_usable = parts.scheme in ("postgresql", "postgres") and not parts.fragment
        except ValueError:
            host, port, database, is_usable = None, 0, "", False
        if not is_usable or not host or "," in host or not database or "/" in database:
            raise KvalitetError(
                f"{variable} is not of the form postgresql://host:port/database, with one host.",
                "Correct it; a user name and password belong in KVALITET_ADMIN_URL only, with % and / in them encoded.",
            )
        return cls(
            f"[{host}]:{port}" if ":" in host else f"{host}:{port}",
            database,
            Tls.read(parts.query, variable, base),
            None if parts.username is None else unquote(parts.username),
            None if parts.password is None else unquote(parts.password),
        )

    def url(self, **session: str) -> str:
        """The libpq URL. `session` holds further parameters, such as `options`."""
        who = "" if self.user is None else quote(self.user, safe="")
        who += "" if self.password is None else f":{quote(self.password, safe='')}"
        query = urlencode(self.tls.parameters | session, quote_via=quote, safe="/")
        where = f"{self.server}/{quote(self.database, safe='')}"
        return f"postgresql://{who}{'@' if who else ''}{where}{'?' if query else ''}{query}"
