"""What a server's administrator sets once: each right is one statement, and a condition that says if it is in force.

The list has three uses. `kvalitet admin-sql` prints it, `kvalitet up` and `migrate` carry out what the admin's login
may, and `kvalitet status` names what is not in force.
"""

from collections.abc import Iterable, Iterator

from kvalitet.settings import (
    AUDITOR,
    BI,
    DETAIL,
    GATE,
    LOADER,
    LOGIN_ROLES,
    PUBLISHER,
    READER_ROLES,
    RULES,
    TRANSFORMER,
)
from kvalitet.warehouse.right import Right, Section, name, text

OWNERS = ("kvalitet_raw_owner", "kvalitet_audit_owner", "kvalitet_candidate_owner", "kvalitet_publication_owner")
BUILDER, SCHEMA_MAKER = "kvalitet_candidate_owner", "kvalitet_publication_owner"
DETAIL_READER = "kvalitet_detail_reader"
MEMBERSHIPS = {
    "kvalitet_candidate_owner": (TRANSFORMER, PUBLISHER),
    "kvalitet_publication_owner": (PUBLISHER,),
    DETAIL_READER: (DETAIL,),
}
#: Search path by role. All but readers find functions and operators only in pg_catalog, whatever schema somebody makes.
SEARCH_PATHS = {
    **dict.fromkeys((LOADER, TRANSFORMER, GATE, RULES, PUBLISHER), "pg_catalog, pg_temp"),
    BI: "reporting",
    AUDITOR: "reporting",
    DETAIL: "reporting_detail, reporting",
}
#: Publishing waits for readers, so they must not hold the old publication for ever (docs/for-bi-users.md).
READER_LIMITS = {"statement_timeout": "5min", "idle_in_transaction_session_timeout": "2min"}
#: A contract's rule may query its rows in any way, but with limits on time and disk.
RULE_LIMITS = {
    "default_transaction_read_only": "on",
    "statement_timeout": "1min",
    "lock_timeout": "10s",
    "idle_in_transaction_session_timeout": "1min",
}
RULE_FILES = "512MB"
#: Sessions of one role at a time. Together they leave half of the 200 connections to the pipeline.
READER_CONNECTIONS = {BI: 60, DETAIL: 20, AUDITOR: 20}
NAMED_READER_CONNECTIONS = 5
#: A statement's temporary files, for which the server's disk needs room beside the warehouse.
READER_FILES = "5GB"
ACTING_ROLES = (LOADER, TRANSFORMER, GATE, PUBLISHER)
#: For the warehouse's sessions, unless the database has its own value.
SESSION_SETTINGS: dict[str, object] = {"jit": "off", "work_mem": "32MB"}

_BARE = "login nosuperuser nocreatedb nocreaterole noreplication nobypassrls"


def warehouse_rights(database: str, migrator: str | None = None) -> list[Section]:
    """All rights, in the order in which they can be set. `migrator` is KVALITET_ADMIN_URL's login if no superuser."""
    owners, logins = (*OWNERS, DETAIL_READER), LOGIN_ROLES
    sections = [
        Section("Owners of the tables, and the group of named readers. They cannot log in.",
                (*_roles(owners, f"no{_BARE}"),)),
        Section("Each step of a night logs in as a role of its own, none with power over others. `kvalitet migrate`"
                " sets the passwords.", (*_roles(logins, _BARE),)),
        Section("The steps that make and swap schemas act as their owners.",
                tuple(_membership(group, member) for group, members in MEMBERSHIPS.items() for member in members)),
        Section("Readers cannot hold an old publication for ever, and find the tables without a schema's name. Who acts"
                " finds functions in pg_catalog alone.",
                (*(_no_other_setting(role) for role in LOGIN_ROLES),
                 *(_connections(role, most) for role, most in READER_CONNECTIONS.items()),
                 *(_role_setting(role, *one) for role in READER_ROLES for one in READER_LIMITS.items()),
                 *(_role_setting(RULES, *one) for one in RULE_LIMITS.items()),
                 *(_role_setting(role, "search_path", path) for role, path in SEARCH_PATHS.items()))),
    ]  # fmt: skip
    if migrator:
        sections.append(Section(
            "The login of KVALITET_ADMIN_URL. It makes tables; CREATEROLE is for the roles' passwords. It needs"
            f" one from you: \\password {migrator}",
            (Right(f"create role {name(migrator)} login createrole", _exists(migrator)),
             *(_membership(owner, migrator) for owner in OWNERS),
             *(_administration(role, migrator) for role in (*logins, DETAIL_READER)),
             _membership(migrator, "current_user")),
        ))  # fmt: skip
    sections += [
        Section("The warehouse.", (
            *_database(database, migrator),
            *(_database_setting(database, *one) for one in SESSION_SETTINGS.items()),
        )),
        Section("Nobody enters it but its roles.", (
            *(_grant("connect", database, role) for role in logins),
            # Only loading, building and judging need temporary tables. Only the publisher makes schemas, including
            # those of a build, since a schema named after a role is on that role's search path.
            *(_grant("temporary", database, role) for role in (LOADER, TRANSFORMER, GATE)),
            _grant("create", database, SCHEMA_MAKER),
            _revoked("create", database, BUILDER),
        ), opens_warehouse=True),
        Section("No role of ours has other settings in it.",
                tuple(_no_other_setting(role, database) for role in LOGIN_ROLES)),
        Section("In the warehouse: nothing is made in the schema public but the note of migrations.",
                (*_public_schema(migrator),), in_warehouse=True, opens_warehouse=True),
        Section("Readers make no large objects, which nobody would find and remove.", (_LARGE_OBJECTS,),
                in_warehouse=True, opens_warehouse=True),
        Section("A reader's statement does not fill the disk with its files.",
                tuple(_disk_limit(role) for role in (*READER_ROLES, RULES)), may_be_refused=True),
        Section("Readers stay out of the server's own databases, where every role may make temporary tables.", (
            *(_closed(one) for one in ("postgres", "template1")),
            *((_entry(migrator),) if migrator else ()),
        ), may_be_refused=True),
        Section("Connections are left for the pipeline where readers take all others (the server's"
                " reserved_connections, from Postgres 16).",
                tuple(_reserved(role) for role in ACTING_ROLES), may_be_refused=True),
        Section("Publishing must see every reader's transaction, and ends those that are in its way too long. Some"
                " clouds let nobody grant the second.", (
            _membership("pg_read_all_stats", PUBLISHER),
            _membership("pg_signal_backend", PUBLISHER, "a reader who stays in the way holds up a publication"),
        ), may_be_refused=True),
    ]  # fmt: skip
    return sections


def airflow_rights(role: str, migrator: str | None = None) -> list[Section]:
    """The rights on Airflow's own database, and of the role of the same name that owns it."""
    member = _membership(role, "current_user")
    owned = f"exists (select from pg_database where datname = {text(role)} and pg_get_userbyid(datdba) = {text(role)})"
    rights = (
        *_roles((role,), _BARE),
        *((_administration(role, migrator),) if migrator else ()),
        Right(member.statement, f"{owned} or {member.holds}"),  # only a member of a role may make a database for it
        *_database(role, role),
    )
    return [Section("Airflow's own database and its owner.", rights)]


def named_reader_limits(roles: Iterable[str]) -> Section:
    """Limits for logins that an administrator made, the same as for the group's own role.

    They are needed because settings of a group do not apply to its members. Any limit that the administrator has chosen
    is accepted.
    """
    return Section("Named readers have limits too.", tuple(
        right for role in roles for right in (
            Right(f"alter role {name(role)} connection limit {NAMED_READER_CONNECTIONS}",
                  f"exists (select from pg_roles where rolname = {text(role)} and rolconnlimit >= 0)",
                  "a named reader can take all connections that are left to readers"),
            *(Right(_role_setting(role, setting, value).statement, _is_limited(role, setting),
                    "the pipeline ends a session that goes on beyond the limit")
              for setting, value in READER_LIMITS.items()),
            Right(_disk_limit(role).statement, _is_limited(role, "temp_file_limit"), _disk_limit(role).without),
        )
    ))  # fmt: skip


def _is_limited(role: str, setting: str) -> str:
    limits = text("{" + ",".join(f"{setting}={none}" for none in ("0", "-1")) + "}")
    return (
        f"exists (select from pg_roles, unnest(rolconfig) as one where rolname = {text(role)}"
        f" and one like {text(f'{setting}=%')} and one <> all ({limits}::text[]))"
    )


def _exists(role: str) -> str:
    return f"exists (select from pg_roles where rolname = {text(role)})"


def _roles(roles: Iterable[str], attributes: str) -> Iterator[Right]:
    can_log_in = "" if attributes.startswith("login") else "not "
    for role in roles:
        kind = attributes.partition(" ")[0]
        yield Right(f"create role {name(role)} {kind}", _exists(role))
        # Only a superuser may say `nosuperuser`, and usually it need not be said.
        yield Right(
            f"alter role {name(role)} {attributes}",
            f"exists (select from pg_roles where rolname = {text(role)} and {can_log_in}rolcanlogin and not"
            " (rolsuper or rolcreatedb or rolcreaterole or rolreplication or rolbypassrls))",
        )


def _membership(group: str, member: str, without: str = "") -> Right:
    asked = member if member == "current_user" else text(member)
    return Right(f"grant {name(group)} to {name(member)}", f"pg_has_role({asked}, {text(group)}, 'usage')", without)


def _administration(role: str, migrator: str) -> Right:
    """The right to change another role's password. Before Postgres 16, CREATEROLE was enough for it."""
    return Right(
        f"grant {name(role)} to {name(migrator)} with admin true, inherit false, set false",
        "current_setting('server_version_num')::int < 160000"
        f" or pg_has_role({text(migrator)}, {text(role)}, 'member with admin option')",
    )


def _role_setting(role: str, setting: str, value: str) -> Right:
    values = value if setting == "search_path" else text(value)
    stored = text(f"{setting}={value}")
    return Right(
        f"alter role {name(role)} set {setting} = {values}",
        f"exists (select from pg_roles where rolname = {text(role)} and {stored} = any (rolconfig))",
    )


def _no_other_setting(role: str, database: str | None = None) -> Right:
    """That a role has no settings but ours. Every role may change its own, and `kvalitet migrate` resets them."""
    in_database = f" in database {name(database)}" if database else ""
    stored = (
        f"exists (select from pg_database as d where d.oid = setdatabase and datname = {text(database)})"
        if database
        else "setdatabase = 0"
    )
    ours = [] if database else [name for name, _ in _settings_of(role)]
    others = f" and split_part(one, '=', 1) <> all ({text('{' + ','.join(ours) + '}')}::text[])"
    return Right(
        f"alter role {name(role)}{in_database} reset all",
        f"not exists (select from pg_db_role_setting as s join pg_roles as r on r.oid = s.setrole, unnest(setconfig)"
        f" as one where rolname = {text(role)} and {stored}{others})",
    )


def _settings_of(role: str) -> Iterator[tuple[str, str]]:
    if role in READER_ROLES:
        yield from READER_LIMITS.items()
        yield "temp_file_limit", READER_FILES
    if role == RULES:
        yield from RULE_LIMITS.items()
        yield "temp_file_limit", RULE_FILES
    yield "search_path", SEARCH_PATHS[role]


def _connections(role: str, most: int) -> Right:
    return Right(
        f"alter role {name(role)} connection limit {most}",
        f"exists (select from pg_roles where rolname = {text(role)} and rolconnlimit = {most})",
    )


def _disk_limit(role: str) -> Right:
    """The limit of a role's temporary files. Only a superuser or a role with this right on the parameter may set it.

    So the limited role cannot lift it.
    """
    limit = _role_setting(role, "temp_file_limit", RULE_FILES if role == RULES else READER_FILES)
    return Right(limit.statement, limit.holds, "a reader's statement can fill the server's disk while it runs")


def _closed(database: str) -> Right:
    return Right(
        f"revoke all on database {name(database)} from public",
        "not exists (select from pg_database, aclexplode(coalesce(datacl, acldefault('d', datdba)))"
        f" where datname = {text(database)} and grantee = 0)",
        f"a reader can make temporary tables in {database}",
    )


def _entry(migrator: str) -> Right:
    granted = _grant("connect", "postgres", migrator)
    return Right(granted.statement, granted.holds, "KVALITET_ADMIN_URL must name the warehouse's own database")


def _reserved(role: str) -> Right:
    reserve = "pg_use_reserved_connections"
    return Right(
        f"grant {reserve} to {name(role)}",
        f"current_setting('server_version_num')::int < 160000 or pg_has_role({text(role)}, {text(reserve)}, 'usage')",
        "readers who take every connection hold the pipeline up",
    )


_LARGE_OBJECTS = Right(
    "revoke execute on function pg_catalog.lo_create(oid), pg_catalog.lo_creat(integer),"
    " pg_catalog.lo_from_bytea(oid, bytea) from public",
    "not exists (select from pg_proc, aclexplode(coalesce(proacl, acldefault('f', proowner))) where grantee = 0"
    " and pronamespace = 'pg_catalog'::regnamespace and proname in ('lo_create', 'lo_creat', 'lo_from_bytea'))",
    "a reader can fill the disk with large objects",
)


def _database(database: str, owner: str | None) -> Iterator[Right]:
    row = f"pg_database where datname = {text(database)}"
    owned = f" owner {name(owner)}" if owner else ""
    yield Right(
        f"create database {name(database)}{owned} template template0 encoding 'UTF8'", f"exists (select from {row})"
    )
    if owner:
        yield Right(
            f"alter database {name(database)} owner to {name(owner)}",
            f"(select pg_has_role({text(owner)}, datdba, 'usage') from {row})",
        )
    yield Right(
        f"revoke all on database {name(database)} from public",
        "not exists (select from pg_database, aclexplode(coalesce(datacl, acldefault('d', datdba)))"
        f" where datname = {text(database)} and grantee = 0)",
    )


def _grant(privilege: str, database: str, role: str) -> Right:
    return Right(
        f"grant {privilege} on database {name(database)} to {name(role)}",
        f"has_database_privilege({text(role)}, {text(database)}, {text(privilege)})",
    )


def _revoked(privilege: str, database: str, role: str) -> Right:
    return Right(
        f"revoke {privilege} on database {name(database)} from {name(role)}",
        f"not has_database_privilege({text(role)}, {text(database)}, {text(privilege)})",
    )


def _database_setting(database: str, setting: str, value: object) -> Right:
    return Right(
        f"alter database {name(database)} set {setting} = {text(str(value))}",
        "exists (select from pg_db_role_setting as s join pg_database as d on d.oid = s.setdatabase, unnest(setconfig)"
        f" as one where datname = {text(database)} and setrole = 0 and one like {text(f'{setting}=%')})",
    )


def _public_schema(migrator: str | None) -> Iterator[Right]:
    yield Right(
        "revoke all on schema public from public",
        "not exists (select from pg_namespace, aclexplode(coalesce(nspacl, acldefault('n', nspowner)))"
        " where nspname = 'public' and grantee = 0)",
    )
    if migrator:  # for a warehouse that a superuser set up before
        yield Right(
            f"alter table public.kvalitet_migration owner to {name(migrator)}",
            "not exists (select from pg_class where oid = to_regclass('public.kvalitet_migration')"
            f" and not pg_has_role({text(migrator)}, relowner, 'usage'))",
        )
