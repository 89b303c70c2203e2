"""Fetches deliveries over HTTP. Once fetched, they are files like any other, and are kept and taken in like them.

An answer is written to the private spool first. It is moved to the fetched deliveries only when every table of the
delivery is whole.
"""

import filecmp
import json
import os
import re
import shutil
import sys
import time
import zlib
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_random_exponential

from kvalitet.contracts import Contract
from kvalitet.errors import DeliveryNotReady, KvalitetError
from kvalitet.intake.deliveries import look
from kvalitet.intake.spool import CHUNK_BYTES
from kvalitet.landing.private_folder import private_folder
from kvalitet.settings import TIMEZONE, Settings

ATTEMPTS = 4
_DAY_FIRST = re.compile(r"\d{4}-\d\d-\d\d(?:$|[T ])")
WAIT = wait_random_exponential(multiplier=1, max=30)
TIMEOUT = httpx.Timeout(60, connect=10)
#: For one whole answer. Without it, a source that sends its bytes very slowly would never time out.
MAX_SECONDS = 900
GZIP = 31  # zlib's number for the form with header and trailer


class _Unwell(Exception):
    """A failed request that may succeed at another attempt."""


def fetch(settings: Settings, contract: Contract) -> None:
    """Fetch every table of `contract` as one delivery.

    Its cut-off is the oldest day on which the source says that a table was updated. Where the source does not say, the
    cut-off is the day of the request, and an answer identical to the newest one is then not a new delivery. Raises
    DeliveryNotReady where the source does not answer, or not to the end, after all attempts. Raises KvalitetError where
    it answers with something other than data.
    """
    with private_folder(settings) as spool, _client(contract) as client:
        updated = [_updated(contract, client, table.api_table, spool / "updated") for table in contract.tables.values()]
        answers = {name: spool / name for name in contract.tables}
        for name, table in contract.tables.items():
            path = contract.data_path.replace("{table}", table.api_table)
            _ask(contract, client, path, table.api_request, answers[name])
        stated = [day for day in updated if day]
        is_stated = len(stated) == len(updated)
        if is_stated or not _is_newest(settings, contract, answers):
            _keep(settings, contract, answers, min(stated) if is_stated else _today())


def _is_newest(settings: Settings, contract: Contract, answers: dict[str, Path]) -> bool:
    deliveries = look(settings, contract).deliveries
    return bool(deliveries) and all(
        name in deliveries[-1].paths and filecmp.cmp(answer, deliveries[-1].paths[name], shallow=False)
        for name, answer in answers.items()
    )


def _keep(settings: Settings, contract: Contract, answers: dict[str, Path], cutoff: date) -> None:
    folder = settings.fetched / contract.folder
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    for name, answer in answers.items():
        target = folder / contract.tables[name].file_pattern.replace("{cutoff}", cutoff.isoformat())
        if target.is_file() and filecmp.cmp(answer, target, shallow=False):
            continue
        part = target.with_name(target.name + ".part")  # the spool may lie on another disk
        shutil.copyfile(answer, part)
        part.replace(target)


def _updated(contract: Contract, client: httpx.Client, api_table: str, into: Path) -> date | None:
    """The day on which the source says that it last updated the table."""
    if not contract.updated_path:
        return None
    path = contract.updated_path.replace("{table}", api_table)
    _ask(contract, client, path, {}, into)
    try:
        answer = json.loads(into.read_bytes())
        (answer,) = answer if isinstance(answer, list) else [answer]
        stated = answer.get(contract.updated_field)
        day = _day(str(stated)) if stated else None
    except (ValueError, AttributeError, IndexError):
        raise KvalitetError(
            f"{_host(contract)} does not say as agreed when {api_table} was updated ({path}).",
            "Correct updatedPath and updatedField in the contract, or leave both out: the request's day counts then.",
        ) from None
    if day and day > _today():
        raise KvalitetError(
            f"{_host(contract)} says that {api_table} was updated in the future.",
            "Ask the source; later deliveries would be taken for older ones.",
        )
    return day


def _day(stated: str) -> date:
    """The local day of a date or an instant in ISO 8601. Without a zone, the date as written. Raises ValueError."""
    if not _DAY_FIRST.match(stated):
        raise ValueError("no date as yyyy-mm-dd")
    instant = datetime.fromisoformat(stated)
    return (instant.astimezone(TIMEZONE) if instant.tzinfo else instant).date()


def _ask(contract: Contract, client: httpx.Client, path: str, request: dict[str, Any], into: Path) -> None:
    """Write the answer to `into`. Tries again where the source is unwell or the answer breaks off."""
    attempts = Retrying(
        stop=stop_after_attempt(ATTEMPTS),
        wait=WAIT,
        retry=retry_if_exception_type((httpx.TransportError, httpx.DecodingError, _Unwell)),
        reraise=True,
    )
    try:
        attempts(_try, contract, client, path, request, into)
    except (httpx.TransportError, httpx.DecodingError, _Unwell) as error:
        finding = str(error) if isinstance(error, _Unwell) else type(error).__name__
        raise DeliveryNotReady(
            f"{_host(contract)} gave no whole answer to {path} in {ATTEMPTS} attempts ({finding}).",
            "The next attempt asks again; see whether the source announces a stop, and whether it is reached.",
        ) from None


def _try(contract: Contract, client: httpx.Client, path: str, request: dict[str, Any], into: Path) -> None:
    begun = time.monotonic()
    method, body = ("POST", request) if request else ("GET", None)
    with client.stream(method, path, json=body) as response:
        _check_status(contract, path, response)
        _check_whole(contract, path, response)
        size = 0
        with into.open("wb") as out:
            for chunk in _decoded(contract, path, response):
                size += len(chunk)
                if size > contract.max_bytes:
                    raise KvalitetError(
                        f"The answer to {path} is larger than the contract allows ({contract.max_bytes} bytes).",
                        "Raise maxBytes in the contract if the size is right, or ask for less in apiRequest.",
                    )
                if time.monotonic() - begun > MAX_SECONDS:
                    raise _Unwell(f"not done after {MAX_SECONDS} seconds")
                out.write(chunk)
        with into.open("rb") as answer:
            is_page = "html" in response.headers.get("content-type", "") or answer.read(1) == b"<"
        if is_page:
            raise KvalitetError(
                f"{_host(contract)} answered {path} with a web page, not with data.",
                "A login page or a proxy stands in between, or location in the contract is wrong.",
            )


def _decoded(contract: Contract, path: str, response: httpx.Response) -> Iterator[bytes]:
    """The answer's bytes. A compressed answer is read through all its members and to its end (RFC 1952).

    A compressed answer that breaks off would otherwise look whole. Compression is not asked for. Raises KvalitetError
    for a compression other than gzip.
    """
    encoding = response.headers.get("content-encoding", "").strip().lower()
    chunks = response.iter_raw(CHUNK_BYTES)
    if encoding in ("", "identity"):
        yield from chunks
        return
    if encoding not in ("gzip", "x-gzip"):
        raise KvalitetError(
            f"{_host(contract)} answered {path} in a compressed form that is not gzip.",
            "It was asked for none: have the source or the proxy in between send it as it is.",
        )
    member = zlib.decompressobj(wbits=GZIP)
    try:
        for chunk in chunks:
            left = chunk
            while left:
                member = zlib.decompressobj(wbits=GZIP) if member.eof else member
                yield member.decompress(left)
                left = member.unused_data
    except zlib.error:
        raise _Unwell("its compressed form is broken") from None
    if not member.eof:
        raise _Unwell("its compressed form breaks off")


def _check_status(contract: Contract, path: str, response: httpx.Response) -> None:
    status = response.status_code
    if status == httpx.codes.TOO_MANY_REQUESTS or status >= 500:
        raise _Unwell(f"status {status}")
    if status in (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN):
        raise KvalitetError(
            f"{_host(contract)} does not accept the token ({status}).",
            f"Set KVALITET_TOKEN_{contract.id.upper()}, or the password of Airflow's connection {contract.id};"
            f" ask {contract.support or contract.owner} for a new token where it has lapsed.",
        )
    if status != httpx.codes.OK:
        raise KvalitetError(
            f"{_host(contract)} answered {path} with status {status}.",
            "Correct location, dataPath, apiTable or apiRequest in the contract.",
        )


def _check_whole(contract: Contract, path: str, response: httpx.Response) -> None:
    """Raises KvalitetError where the headers say that this is one page of several.

    The headers are those of RFC 8288 and the ones that frameworks send besides.
    """
    headers = response.headers
    pages = headers.get("x-total-pages", "")
    if "next" in response.links or headers.get("x-next-page") or (pages.isdecimal() and int(pages) > 1):
        raise KvalitetError(
            f"{_host(contract)} answered {path} with one page of several.",
            "Ask for all rows in one answer: correct dataPath or apiRequest in the contract.",
        )


def _client(contract: Contract) -> httpx.Client:
    """The HTTP client. It does not follow redirects, since the token would go with them."""
    token = _token(contract.id)
    headers = {"Accept-Encoding": "identity"} | ({"Authorization": token} if token else {})
    return httpx.Client(base_url=contract.location, headers=headers, timeout=TIMEOUT, follow_redirects=False)


def _token(source_id: str) -> str | None:
    """The source's token: from the environment, from a file named there, or in a task from an Airflow connection.

    The connection has the source's name.
    """
    name = f"KVALITET_TOKEN_{source_id.upper()}"
    if token := os.environ.get(name):
        return token
    if file := os.environ.get(f"KVALITET_TOKEN_FILE_{source_id.upper()}"):
        if not Path(file).is_file():
            raise KvalitetError(f"The token of {source_id} is not at {file}.", "Mount the secret there.")
        return Path(file).read_text().strip()
    if "airflow.sdk" not in sys.modules:  # a task has it already, and elsewhere its import would be slow and of no use
        return None
    from airflow.sdk import Connection
    from airflow.sdk.exceptions import AirflowNotFoundException

    try:
        return Connection.get(source_id).password
    except AirflowNotFoundException:
        return None


def _host(contract: Contract) -> str:
    return urlsplit(contract.location).netloc


def _today() -> date:
    return datetime.now(TIMEZONE).date()
