"""Turns an ODCS 3.x document into a contract, and lists what is missing before intake may start."""

import hashlib
import math
import os
import posixpath
import re
from collections import Counter
from collections.abc import Container
from dataclasses import replace
from itertools import chain, count
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import available_timezones

from open_data_contract_standard.model import OpenDataContractStandard, Server, Team

from kvalitet.contracts.claims import settle_claims
from kvalitet.contracts.document import parse, read_file
from kvalitet.contracts.model import ENCODINGS, LEAST_JUMP_DAYS, Contract, Table
from kvalitet.contracts.properties import ServerProperties, custom_properties, read_properties
from kvalitet.contracts.quality import read_rules
from kvalitet.contracts.service_levels import read_service_levels
from kvalitet.contracts.tables import IDENTIFIER, more_than_counts, read_table
from kvalitet.contracts.usage import unused_fields
from kvalitet.errors import KvalitetError
from kvalitet.settings import Settings
from kvalitet.spelling.text import NOTHING

#: Server types whose files fsspec reaches. The folder is the same for all, and the inbox's address says how.
FILE_SERVERS = ("local", "sftp", "s3", "azure")
FORMATS = ("csv", "xlsx", "json")
LOOPBACK = ("localhost", "127.0.0.1", "::1")
#: Airflow keeps tags of up to 100 characters and a DAG's owners in 2000.
TIER = re.compile(r"tier-[A-Za-z0-9_-]{1,20}")
MAX_OWNER = 200
#: The fewest characters of a check's owner.
MIN_OWNER = 2


def load_contracts(settings: Settings) -> dict[str, Contract]:
    """All contracts by source id, in order of id.

    A file that cannot be read, or claims an id or files that another one has, becomes a contract with that as a
    problem. So a broken contract stops its own source and no other, whatever is wrong in it.
    """
    return settle_claims(_found(settings))


def _found(settings: Settings) -> list[Contract]:
    """Each file's contract, with an id of its own."""
    found = [(file, _read_or_problem(file)) for file in sorted(settings.contracts_dir.glob("*.odcs.yaml"))]
    found += [(file, _misnamed(file)) for file in sorted(settings.contracts_dir.glob("*")) if _is_misnamed(file)]
    claims = Counter(contract.id for _, contract in found)
    contracts: dict[str, Contract] = {}
    for file, contract in found:
        named = _file_id(file)
        if claims[contract.id] > 1 and contract.id != named:
            problem = f"id: another file has the id {contract.id} too"
            contract = replace(
                contract, id=_free_id(named, {*claims, *contracts}), problems=(problem, *contract.problems)
            )
        contracts[contract.id] = contract
    return list(contracts.values())


def read_beside(settings: Settings, file: Path) -> tuple[Contract, tuple[Contract, ...]]:
    """The file's contract as it would be in the contracts' folder, and the contracts that it would stop there.

    Raises KvalitetError where it is not YAML or not ODCS.
    """
    contract = read_contract(file)
    others = [other for other in _found(settings) if other.id != contract.id]
    alone, together = settle_claims(others), settle_claims([contract, *others])
    stopped = (other for other in others if together[other.id].problems != alone[other.id].problems)
    return together[contract.id], tuple(stopped)


def find_contract(settings: Settings, source_id: str) -> Contract:
    """The source's contract, whatever is wrong in it. Raises KvalitetError where there is none."""
    contracts = load_contracts(settings)
    if source_id not in contracts:
        raise KvalitetError(
            f"There is no contract for {source_id}.", f"Known sources: {', '.join(contracts) or 'none'}."
        )
    return contracts[source_id]


def _read_or_problem(file: Path) -> Contract:
    named = _file_id(file)
    try:
        contract = read_contract(file)
    except KvalitetError as error:
        return Contract(id=named, title=named, version="", sha256="", problems=(str(error),))
    return contract if IDENTIFIER.fullmatch(contract.id) else replace(contract, id=named)


def _is_misnamed(file: Path) -> bool:
    """Whether the file is meant as a contract but its name would be ignored: `….odcs.yml`, `….ODCS.YAML`."""
    return not file.name.endswith(".odcs.yaml") and file.name.lower().endswith((".odcs.yaml", ".odcs.yml"))


def _misnamed(file: Path) -> Contract:
    problem = f"{file.name}: the file of a contract is named <source>.odcs.yaml, in small letters"
    named = re.sub(r"[^a-z0-9]+", "_", file.name.lower()).strip("_")[
        :50
    ]  # not the id of the source, which may be there
    return Contract(id=named, title=file.name, version="", sha256="", problems=(problem,))


def _file_id(file: Path) -> str:
    """An id for a contract without a usable one. Names of DAGs are made from it."""
    return re.sub(r"[^a-z0-9]+", "_", file.name.removesuffix(".odcs.yaml").lower()).strip("_")[:50] or "unnamed"


def _free_id(wanted: str, taken: Container[str]) -> str:
    return next(name for name in chain([wanted], (f"{wanted}_{n}" for n in count(2))) if name not in taken)


def read_contract(file: Path) -> Contract:
    """Read one ODCS 3.x file, even one outside the contracts' folder.

    Raises KvalitetError where it is not YAML or not ODCS. What intake still lacks is in `problems`.
    """
    content = read_file(file)
    try:
        standard, document = parse(content, file.name)
        return _contract(standard, document, hashlib.sha256(content).hexdigest())
    except KvalitetError:
        raise
    except Exception as error:  # an unforeseen error must not stop the other sources either
        raise KvalitetError(f"{file.name} cannot be read: {type(error).__name__}.", "Correct the file.") from None


def _contract(standard: OpenDataContractStandard, document: dict[str, Any], sha256: str) -> Contract:
    problems: list[str] = []
    source_id = standard.id or ""
    if not IDENTIFIER.fullmatch(source_id):
        problems.append("id: must be lower-case letters, digits and _ (it names the raw tables)")
    server, settings, location = _server(source_id, standard, problems)
    words = NOTHING if settings.words_for_nothing is None else tuple(settings.words_for_nothing)
    tables = [
        replace(read_table(source_id, table, words, problems), is_increment=settings.delivers == "increment")
        for table in standard.schema_ or []
    ]
    problems += [
        f"schema {table.name}: absent must be kept, because an increment does not say what is gone"
        for table in tables
        if table.is_increment and table.absence_closes
    ]
    if not tables:
        problems.append("schema: names no table")
    names = [table.name for table in tables]
    problems += [f"schema {name}: is there twice" for name in sorted({n for n in names if names.count(n) > 1})]
    problems += more_than_counts(tables)
    if settings.corrections == "supersede" and settings.delivers != "increment":
        problems.append("servers: corrections can supersede only in increments: the newest snapshot says all there is")
    problems += _missing_for_server(server, settings, tables)
    levels = read_service_levels(standard.slaProperties, problems)
    members = (standard.team.members if isinstance(standard.team, Team) else standard.team) or []
    owners = [m.name or m.username or "" for m in members if (m.role or "").lower() == "owner"]
    if not owners or len(owners[0].strip()) < MIN_OWNER:
        problems.append("team: a member with role owner is missing, or has no name")
    elif len(owners[0]) > MAX_OWNER:
        problems.append(f"team: the owner's name is longer than {MAX_OWNER} characters")
    description = standard.description
    return Contract(
        id=source_id,
        title=standard.name or source_id,
        version=standard.version or "",
        sha256=sha256,
        problems=tuple(problems),
        unused=tuple(unused_fields(document)),
        description=" ".join(filter(None, (description.purpose, description.usage, description.limitations)))
        if description
        else "",
        owner=owners[0][:MAX_OWNER] if owners else "",
        support=next((s.channel or "" for s in standard.support or []), ""),
        tier=next((tag for tag in standard.tags or [] if TIER.fullmatch(tag)), "tier-3"),
        schedule=levels.schedule,
        frequency_days=levels.frequency_days,
        latest_arrival=levels.latest_arrival,
        latency_days=levels.latency_days,
        retention_days=levels.retention_days,
        folder=source_id if server.type == "api" else server.path or "",
        location=location,
        data_path=settings.data_path,
        updated_path=settings.updated_path,
        updated_field=settings.updated_field,
        file_format=settings.format or "",
        encoding=settings.encoding,
        delimiter=settings.delimiter,
        quote=settings.quote,
        decimal_sign=settings.decimal_sign,
        thousands_sign=settings.thousands_sign.replace("\u00a0", " ").replace("\u202f", " "),  # as in read texts
        timezone=settings.timezone,
        max_bytes=settings.max_bytes,
        max_rejected_percent=settings.max_rejected_percent,
        max_closed_percent=settings.max_closed_percent,
        max_changed_percent=settings.max_changed_percent,
        delivers=settings.delivers,
        corrections=settings.corrections,
        max_days_ahead=settings.max_days_ahead,
        max_jump_days=settings.max_jump_days or max(LEAST_JUMP_DAYS, math.ceil(2 * levels.frequency_days)),
        max_age_days=settings.max_age_days,
        requires_final_newline=settings.requires_final_newline,
        tables={table.name: table for table in tables},
        quality=tuple(read_rules(standard.schema_ or [], tables)),
        document=document,
    )


def _server(
    source_id: str, standard: OpenDataContractStandard, problems: list[str]
) -> tuple[Server, ServerProperties, str]:
    """The server that deliveries come from, its settings, and its address where it is an API.

    A contract may offer several. KVALITET_SERVER_<SOURCE> names the one to use, by default the first with files.
    """
    offered = [s for s in standard.servers or [] if s.type in (*FILE_SERVERS, "api")]
    chosen = os.environ.get(f"KVALITET_SERVER_{source_id.upper()}")
    if chosen:
        offered = [s for s in offered if s.server == chosen]
    if not offered:
        named = f" and called {chosen} (KVALITET_SERVER_{source_id.upper()})" if chosen else ""
        problems.append(f"servers: one of type {', '.join(FILE_SERVERS)} or api{named} is missing")
        return Server(), ServerProperties(), ""
    server = min(offered, key=lambda s: s.type == "api")
    stated = custom_properties(server.customProperties, "servers", problems)
    # The standard has fields for these only on some kinds of server.
    for name, value in (("format", server.format), ("encoding", server.encoding), ("delimiter", server.delimiter)):
        if value:
            stated[name] = value
    settings = read_properties(ServerProperties, stated, "servers: customProperties", problems)
    settings.encoding = "utf-8" if settings.format == "json" else settings.encoding.lower()  # by JSON's own standard
    _check_format(settings, problems)
    location = ""
    if server.type == "api":
        location = os.environ.get(f"KVALITET_URL_{source_id.upper()}") or server.location or ""
        _check_api(location, settings, problems)
    elif not _is_folder_below(server.path or ""):
        problems.append("servers: path must be a folder below the inbox, as `klager` or `bif/klager`")
    return server, settings, location


def _is_folder_below(path: str) -> bool:
    """Whether it is a folder below the inbox in its shortest form, so that a folder named twice is noticed."""
    return (
        path not in ("", ".")
        and path == posixpath.normpath(path)
        and not (path.startswith(("/", "..")) or any(sign in path for sign in "\\\0"))
    )


def _check_format(settings: ServerProperties, problems: list[str]) -> None:
    if settings.format not in FORMATS:
        problems.append(f"servers: format must be one of {', '.join(FORMATS)}")
    if settings.format == "csv":
        if len(settings.delimiter) != 1 or settings.delimiter in "\r\n\0":
            problems.append("servers: delimiter (or customProperties.delimiter) must be one character")
        if not settings.quote.isascii():
            problems.append("servers: customProperties.quote must be one ASCII character")
        if settings.delimiter == settings.quote:
            problems.append("servers: delimiter and quote must differ")
        if settings.encoding not in ENCODINGS:
            problems.append(f"servers: encoding must be one of {', '.join(ENCODINGS)}")
    if settings.decimal_sign and settings.decimal_sign == settings.thousands_sign:
        problems.append("servers: decimalSign and thousandsSign must differ")
    if settings.timezone and not _is_timezone(settings.timezone):
        problems.append("servers: customProperties.timezone must be a name such as Europe/Copenhagen")


def _is_timezone(name: str) -> bool:
    return name in available_timezones()


def _check_api(location: str, settings: ServerProperties, problems: list[str]) -> None:
    try:
        address = urlsplit(location)
        is_safe = bool(address.hostname) and (address.scheme == "https" or address.hostname in LOOPBACK)
    except ValueError:
        is_safe = False
    if not is_safe:
        problems.append("servers: location must be an https address (the token is sent to it)")
    if "{table}" not in settings.data_path:
        problems.append("servers: customProperties.dataPath must be a path with {table} in it")
    if bool(settings.updated_path) != bool(settings.updated_field):
        problems.append("servers: customProperties.updatedPath and updatedField go together")


def _missing_for_server(server: Server, settings: ServerProperties, tables: list[Table]) -> list[str]:
    """What is missing for the kind of server and the columns' types, beside their own fields."""
    missing = []
    if settings.format == "xlsx":
        missing += [f"schema {t.name}: customProperties.sheet is missing" for t in tables if not t.sheet]
    if server.type == "api":
        missing += [f"schema {t.name}: customProperties.apiTable is missing" for t in tables if not t.api_table]
    types = {column.logical_type for table in tables for column in table.columns}
    if "number" in types and not settings.decimal_sign:
        missing.append("servers: customProperties.decimalSign must be , or . (the contract has numbers)")
    if "timestamp" in types and not settings.timezone:
        missing.append("servers: customProperties.timezone is missing (the contract has unzoned timestamps)")
    return missing
