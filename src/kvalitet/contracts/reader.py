"""Reads ODCS 3.x files into contracts, and says what is missing before intake may start."""

import hashlib
import os
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml
from croniter import croniter
from open_data_contract_standard.model import (
    OpenDataContractStandard,
    SchemaObject,
    Server,
    ServiceLevelAgreementProperty,
    Team,
)
from pydantic import ValidationError

from kvalitet.contracts.columns import IDENTIFIER, custom_of, read_column, role_of, words_of
from kvalitet.contracts.model import (
    DEFAULT_RETENTION_DAYS,
    ENCODINGS,
    Column,
    Contract,
    Table,
)
from kvalitet.contracts.usage import unused_fields
from kvalitet.errors import KvalitetError
from kvalitet.settings import Settings
from kvalitet.spelling.text import NOTHING

#: The C loader where PyYAML has it: every DAG file reads every contract.
SAFE_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
#: Postgres cuts names at 63; an index is called open_<raw name>.
MAX_RAW_NAME = 58
#: Server types whose files fsspec reaches; the folder is the same, the inbox's address says how.
FILE_SERVERS = ("local", "sftp", "s3", "azure")
FORMATS = ("csv", "xlsx", "json")
LOOPBACK = ("localhost", "127.0.0.1", "::1")


def load_contracts(settings: Settings) -> dict[str, Contract]:
    """All contracts by source id, in order of id.

    A file that cannot be read at all becomes a contract with that as its only problem, so that
    one broken contract stops its own source and no other.
    """
    contracts: dict[str, Contract] = {}
    for file in sorted(settings.contracts_dir.glob("*.odcs.yaml")):
        try:
            contract = read_contract(file)
        except KvalitetError as error:
            stem = file.name.removesuffix(".odcs.yaml")
            contract = Contract(id=stem, title=stem, version="", sha256="", problems=(str(error),))
        if contract.id in contracts:
            raise KvalitetError(f"Two contracts have the id {contract.id}.", f"Give {file.name} an id of its own.")
        contracts[contract.id] = contract
    return contracts


def read_contract(file: Path) -> Contract:
    """Read one ODCS 3.x file, also one written elsewhere.

    Raises KvalitetError where it is not YAML or not ODCS. What intake still lacks is in `problems`.
    """
    content = file.read_bytes()
    standard, document = _standard(content, file.name)
    return _contract(standard, document, hashlib.sha256(content).hexdigest())


@lru_cache(maxsize=128)  # a night reads every contract once per source
def _standard(content: bytes, name: str) -> tuple[OpenDataContractStandard, dict[str, Any]]:
    try:
        document = yaml.load(content, Loader=SAFE_LOADER)  # noqa: S506 (either is the safe one)
    except yaml.YAMLError as error:
        raise KvalitetError(f"{name} is not YAML: {error}.", "Correct the file at that place.") from None
    if not isinstance(document, dict) or document.get("kind") != "DataContract":
        raise KvalitetError(f"{name} is not a data contract.", "An ODCS file says `kind: DataContract`.")
    if not str(document.get("apiVersion", "")).startswith("v3."):
        raise KvalitetError(
            f"{name} follows {document.get('apiVersion')}.", "Kvalitet reads apiVersion v3.x of the standard."
        )
    try:
        standard = OpenDataContractStandard(**document)
    except ValidationError as error:
        places = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        raise KvalitetError(f"{name} does not follow the standard: {places}.", "Correct these fields.") from None
    return standard, document


def _contract(standard: OpenDataContractStandard, document: dict[str, Any], sha256: str) -> Contract:
    problems: list[str] = []
    source_id = standard.id or ""
    if not IDENTIFIER.fullmatch(source_id):
        problems.append("id: must be lower-case letters, digits and _ (it names the raw tables)")
    server, settings = _server(source_id, standard, problems)
    words = words_of(settings, "servers: customProperties.wordsForNothing", problems)
    tables = [
        _table(source_id, table, NOTHING if words is None else words, problems) for table in standard.schema_ or []
    ]
    if not tables:
        problems.append("schema: names no table")
    problems += _more_than_counts(tables)
    if settings.get("format") == "xlsx":
        problems += [f"schema {t.name}: customProperties.sheet is missing" for t in tables if not t.sheet]
    if server.type == "api":
        problems += [f"schema {t.name}: customProperties.apiTable is missing" for t in tables if not t.api_table]
    types = {column.logical_type for table in tables for column in table.columns}
    if "number" in types and settings.get("decimalSign") not in (",", "."):
        problems.append("servers: customProperties.decimalSign must be , or . (the contract has numbers)")
    if "timestamp" in types and not settings.get("timezone"):
        problems.append("servers: customProperties.timezone is missing (the contract has unzoned timestamps)")
    sla = {item.property or "": item for item in standard.slaProperties or []}
    schedule = sla["frequency"].schedule if "frequency" in sla else None
    if not schedule or not croniter.is_valid(schedule):
        problems.append("slaProperties: frequency needs a schedule that is a cron line, e.g. 15 1 * * *")
    members = (standard.team.members if isinstance(standard.team, Team) else standard.team) or []
    owners = [m.name or m.username or "" for m in members if m.role == "owner"]
    if not owners:
        problems.append("team: a member with role owner is missing")
    latency = sla["latency"].value if "latency" in sla else None
    retention_days = _retention_days(sla, problems)
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
        owner=owners[0] if owners else "",
        support=next((s.channel or "" for s in standard.support or []), ""),
        tier=next((tag for tag in standard.tags or [] if tag.startswith("tier-")), "tier-3"),
        schedule=schedule or "",
        latest_arrival=str(sla["timeOfAvailability"].value) if "timeOfAvailability" in sla else "05:00",
        latency_days=int(latency) if latency is not None else None,
        retention_days=retention_days,
        folder=source_id if server.type == "api" else server.path or "",
        location=settings.get("location", ""),
        data_path=settings.get("dataPath", ""),
        updated_path=settings.get("updatedPath", ""),
        updated_field=settings.get("updatedField", ""),
        file_format=settings.get("format", ""),
        encoding=settings.get("encoding", ""),
        delimiter=_delimiter(server, settings),
        quote=settings.get("quote", '"'),
        decimal_sign=settings.get("decimalSign", ""),
        thousands_sign=settings.get("thousandsSign", "").replace("\u00a0", " "),  # as every delivered text is read
        timezone=settings.get("timezone", ""),
        max_bytes=int(settings.get("maxBytes", 2_000_000_000)),
        max_rejected_percent=float(settings.get("maxRejectedPercent", 0)),
        max_closed_percent=float(settings.get("maxClosedPercent", 0)),
        requires_final_newline=bool(settings.get("requiresFinalNewline", True)),
        tables={table.name: table for table in tables},
        document=document,
    )


def _retention_days(sla: dict[str, ServiceLevelAgreementProperty], problems: list[str]) -> int:
    """How long delivered files are kept: the standard's `retention`, in days, months or years."""
    stated = sla.get("retention")
    if stated is None:
        return DEFAULT_RETENTION_DAYS
    days = {"d": 1, "day": 1, "days": 1, "m": 30, "month": 30, "months": 30, "y": 365, "year": 365, "years": 365}
    unit = str(stated.unit or "d").lower()
    if unit not in days or not isinstance(stated.value, int) or stated.value < 0:
        problems.append("slaProperties: retention must be a whole number of d, m or y")
        return DEFAULT_RETENTION_DAYS
    return stated.value * days[unit]


def _server(source_id: str, standard: OpenDataContractStandard, problems: list[str]) -> tuple[Server, dict[str, Any]]:
    """The server that deliveries come from, and its settings.

    A contract may offer several: KVALITET_SERVER_<SOURCE> names the one, else it is the first with files.
    """
    offered = [s for s in standard.servers or [] if s.type in (*FILE_SERVERS, "api")]
    chosen = os.environ.get(f"KVALITET_SERVER_{source_id.upper()}")
    if chosen:
        offered = [s for s in offered if s.server == chosen]
    if not offered:
        named = f" and called {chosen} (KVALITET_SERVER_{source_id.upper()})" if chosen else ""
        problems.append(f"servers: one of type {', '.join(FILE_SERVERS)} or api{named} is missing")
        return Server(), {}
    server = min(offered, key=lambda s: s.type == "api")
    settings = custom_of(server.customProperties)
    settings["format"] = server.format or settings.get("format")
    settings["encoding"] = (server.encoding or settings.get("encoding") or "").lower()
    if settings["format"] not in FORMATS:
        problems.append(f"servers: format must be one of {', '.join(FORMATS)}")
    if settings["format"] == "csv" and len(_delimiter(server, settings)) != 1:
        problems.append("servers: delimiter (or customProperties.delimiter) must be one character")
    if settings["format"] == "csv" and settings["encoding"] not in ENCODINGS:
        problems.append(f"servers: encoding must be one of {', '.join(ENCODINGS)}")
    if settings["format"] == "json":
        settings["encoding"] = "utf-8"  # by its own standard
    if server.type == "api":
        settings["location"] = os.environ.get(f"KVALITET_URL_{source_id.upper()}") or server.location or ""
        _check_api(settings, problems)
    elif not server.path or ".." in server.path.split("/") or server.path.startswith("/"):
        problems.append("servers: path must be a folder below the inbox")
    return server, settings


def _check_api(settings: dict[str, Any], problems: list[str]) -> None:
    address = urlsplit(settings["location"])
    if not address.hostname or (address.scheme != "https" and address.hostname not in LOOPBACK):
        problems.append("servers: location must be an https address (the token is sent to it)")
    if "{table}" not in settings.get("dataPath", ""):
        problems.append("servers: customProperties.dataPath must be a path with {table} in it")
    if bool(settings.get("updatedPath")) != bool(settings.get("updatedField")):
        problems.append("servers: customProperties.updatedPath and updatedField go together")


def _delimiter(server: Server, settings: dict[str, Any]) -> str:
    """The standard has a field for it on every kind of server but a local one."""
    return server.delimiter or settings.get("delimiter", "")


def _table(source_id: str, table: SchemaObject, words: tuple[str, ...], problems: list[str]) -> Table:
    where = f"schema {table.name}"
    custom = custom_of(table.customProperties)
    columns = tuple(read_column(where, column, words, problems) for column in table.properties or [])
    if not IDENTIFIER.fullmatch(table.name or ""):
        problems.append(f"{where}: name must be lower-case letters, digits and _")
    if "{cutoff}" not in (table.physicalName or "") or "/" in (table.physicalName or ""):
        problems.append(f"{where}: physicalName must be a file name with {{cutoff}} in it")
    if custom.get("absent") not in ("closed", "kept"):
        problems.append(f"{where}: customProperties.absent must be closed or kept")
    for attribute in ("name", "header"):
        values = [getattr(column, attribute) for column in columns]
        problems += [
            f"{where}: {attribute} {v} is there twice" for v in sorted({v for v in values if values.count(v) > 1})
        ]
    result = Table(
        source_id=source_id,
        name=table.name or "",
        description=table.description or "",
        file_pattern=table.physicalName or "",
        absence_closes=custom.get("absent") == "closed",
        columns=columns,
        sheet=custom.get("sheet"),
        role=role_of(where, custom, problems),
        api_table=custom.get("apiTable", ""),
        api_request=custom.get("apiRequest") or {},
    )
    if len(result.raw_name) > MAX_RAW_NAME:
        problems.append(f"{where}: source and table name are longer than {MAX_RAW_NAME - 2} characters together")
    if not result.key:
        problems.append(f"{where}: no column is primaryKey")
    return result


def _more_than_counts(tables: list[Table]) -> list[str]:
    """What a contract on whistleblower matters asks for beyond period, category and count.

    The key is period (dates) and category (one of the values named); all else is counted. So no row
    can be a single report, and what is classified otherwise cannot be slipped in beside it.
    """
    columns = [(table, column) for table in tables for column in table.columns]
    if not any(column.classification == "whistleblower" for _, column in columns):
        return []
    return [
        f"schema {table.name}.{column.name}: a whistleblower contract may hold period, category and count only"
        for table, column in columns
        if column.classification != "whistleblower" or not _is_period_category_or_count(column)
    ]


def _is_period_category_or_count(column: Column) -> bool:
    if column.key_position is not None:
        return column.logical_type == "date" or bool(column.valid_values)
    return column.logical_type == "integer" and column.minimum is not None and column.minimum >= 0
