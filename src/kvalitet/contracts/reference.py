"""Makes docs/contract-reference.md, the reference of contracts, from the code that reads contracts.

`python -m kvalitet.contracts.reference > docs/contract-reference.md` writes it anew. A test compares it with the code.
"""

import json
import sys
from collections.abc import Iterator
from typing import Any

from kvalitet.contracts.properties import Properties
from kvalitet.contracts.usage import PROPERTIES, STANDARD

INTRODUCTION = """\
# Reference of contracts
Every field that intake reads of a contract (Open Data Contract Standard 3.x), with its default and an example. How to
write one is told in [onboarding a source](onboarding-a-source.md), quality rules have
[a section](onboarding-a-source.md#quality-rules) there. Other fields of the standard are not read:
`kvalitet contract FILE` lists those that a contract has. This page is made from the code:
`python -m kvalitet.contracts.reference > docs/contract-reference.md`.
"""
TITLES = {
    "servers[].customProperties": "customProperties of a server",
    "schema[].customProperties": "customProperties of a table",
    "schema[].properties[].customProperties": "customProperties of a column",
    "schema[].properties[].logicalTypeOptions": "logicalTypeOptions of a column",
}
#: Settings beside the contract, for one installation. SOURCE is the contract's id in capitals.
ENVIRONMENT = {
    "KVALITET_ADMINISTRATION": "the folder with contracts, register, waivers and policy (see docs/adopting.md)",
    "KVALITET_CONTRACTS": "another folder of contracts than the administration's `contracts`",
    "KVALITET_INBOX": "where deliveries lie: a folder, or an address that fsspec opens (`s3://…`, `sftp://…`)",
    "KVALITET_SERVER_<SOURCE>": "which of the contract's servers is meant, by its `server`",
    "KVALITET_URL_<SOURCE>": "another address of the API than the contract's",
    "KVALITET_TOKEN_<SOURCE>": "the API's token, or `KVALITET_TOKEN_FILE_<SOURCE>` for a file that holds it",
    "KVALITET_SETTLE_SECONDS": "how long a file must stay as it is before it is read, 2 by default",
    "KVALITET_TURN_SECONDS": "how long an extraction waits for another one of the same source",
}


def reference() -> str:
    """The whole page in Markdown."""
    parts = [INTRODUCTION, "## Fields of the standard", _table(("field", "what it is"), _named(STANDARD))]
    for place, kind in PROPERTIES.items():
        parts += [f"## {TITLES[place]}", _table(("property", "default", "example", "what it does"), _rows(kind))]
    parts += ["## Of the environment", _table(("variable", "what it is"), _named(ENVIRONMENT))]
    return "\n".join(parts)


def _rows(kind: type[Properties]) -> Iterator[tuple[str, ...]]:
    for field in kind.model_fields.values():
        example = (field.examples or [None])[0]
        yield f"`{field.alias}`", _value(field.get_default()), _value(example), field.description or ""


def _value(value: Any) -> str:
    """The value as it would be written in YAML, a dash where none is stated."""
    if value in (None, "", [], {}) and value is not False:
        return "–"
    return f"`{json.dumps(value, ensure_ascii=False)}`"


def _named(meanings: dict[str, str]) -> Iterator[tuple[str, ...]]:
    return ((f"`{name}`", meaning) for name, meaning in meanings.items())


def _table(headers: tuple[str, ...], rows: Iterator[tuple[str, ...]]) -> str:
    lines = [headers, tuple("---" for _ in headers), *rows]
    escaped = ((cell.replace("|", "\\|") for cell in line) for line in lines)
    return "".join(f"| {' | '.join(line)} |\n" for line in escaped)


if __name__ == "__main__":
    sys.stdout.write(reference())
