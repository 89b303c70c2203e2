"""Reads a contract's file as a document of the standard: YAML without repeated keys, of limited size and depth."""

import stat
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml
from open_data_contract_standard.model import OpenDataContractStandard
from pydantic import ValidationError

from kvalitet.errors import KvalitetError

MAX_BYTES = 1_000_000
#: Values in the file, where each alias counts with all that it stands for.
MAX_VALUES = 100_000
MAX_DEPTH = 50


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]  # the C one is ten times as fast
    """The safe loader, which also refuses a mapping that names a key twice (YAML would keep the last)."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                continue
            if key.value == "<<" and not isinstance(value, yaml.MappingNode):
                raise yaml.constructor.ConstructorError(None, None, "<< takes one mapping", key.start_mark)
            if key.value in seen:
                raise yaml.constructor.ConstructorError(None, None, f"{key.value} is there twice", key.start_mark)
            seen.add(key.value)
        return super().construct_mapping(node, deep)


def read_file(file: Path) -> bytes:
    """The file's bytes. Raises KvalitetError where it cannot be read, or is far larger than a contract."""
    try:
        if not stat.S_ISREG(file.stat().st_mode):
            raise KvalitetError(f"{file.name} is no file.", "Contracts are files; correct or remove this one.")
        with file.open("rb") as stream:
            content = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise KvalitetError(
            f"{file.name} cannot be read: {error.strerror}.", "Contracts are files; correct or remove this one."
        ) from None
    if len(content) > MAX_BYTES:
        raise KvalitetError(f"{file.name} is larger than {MAX_BYTES:,} bytes.", "Is it a contract?")
    return content


@lru_cache(maxsize=128)  # a night reads every contract once per source
def parse(content: bytes, name: str) -> tuple[OpenDataContractStandard, dict[str, Any]]:
    """The document, as the standard's model and as plain values. Raises KvalitetError where it is not one."""
    try:
        _check_depth(content)
        document = yaml.load(content, Loader=_Loader)  # noqa: S506 (a safe one)
        _check_size(document)
    except (yaml.YAMLError, ValueError) as error:  # ValueError: a date such as 2025-02-30
        raise KvalitetError(f"{name} is not YAML: {error}.", "Correct the file at that place.") from None
    except RecursionError:
        raise KvalitetError(f"{name} is nested too deeply.", "Is it a contract?") from None
    except (TypeError, AttributeError):  # PyYAML on a mapping or list as a key, and on a mistyped tag
        raise KvalitetError(f"{name} has a key that is no text.", "Correct the file.") from None
    if not isinstance(document, dict) or document.get("kind") != "DataContract":
        raise KvalitetError(f"{name} is not a data contract.", "An ODCS file says `kind: DataContract`.")
    if not str(document.get("apiVersion", "")).startswith("v3."):
        raise KvalitetError(
            f"{name} does not follow version 3 of the standard.", "Kvalitet reads apiVersion v3.x of the standard."
        )
    try:
        standard = OpenDataContractStandard.model_validate(document)
    except ValidationError as error:
        places = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()[:20])
        raise KvalitetError(f"{name} does not follow the standard: {places}.", "Correct these fields.") from None
    return standard, document


def _check_depth(content: bytes) -> None:
    """Raises ValueError where it is nested deeper than a contract, before libyaml's own recursion ends the process."""
    depth = 0
    for event in yaml.parse(content, Loader=_Loader):
        if isinstance(event, (yaml.SequenceStartEvent, yaml.MappingStartEvent)):
            depth += 1
        elif isinstance(event, (yaml.SequenceEndEvent, yaml.MappingEndEvent)):
            depth -= 1
        if depth > MAX_DEPTH:
            raise ValueError("it is larger or deeper than a contract can be")


def _check_size(document: Any) -> None:
    """Raises ValueError where the document is larger or deeper than any contract. An alias can stand for millions."""
    waiting, values = [(document, 0)], 0
    while waiting:
        value, depth = waiting.pop()
        values += 1
        if values > MAX_VALUES or depth > MAX_DEPTH:
            raise ValueError("it is larger or deeper than a contract can be")
        if isinstance(value, str) and "\0" in value:
            raise ValueError("a text in it holds a zero byte")
        if isinstance(value, dict):
            if not all(isinstance(key, str) for key in value):
                raise ValueError("it has a key that is no text")
            waiting += [(inner, depth + 1) for inner in value.values()]
        elif isinstance(value, list):
            waiting += [(inner, depth + 1) for inner in value]
