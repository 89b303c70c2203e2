"""Drafts an indicator: its declaration, its unit test, and the model that counts its fact where there is none yet."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import yaml
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from kvalitet.contracts.tables import IDENTIFIER
from kvalitet.errors import KvalitetError
from kvalitet.indicators import Indicator, Rule, contribution_model, load_indicators
from kvalitet.indicators.declaration import BREAKDOWNS
from kvalitet.settings import Settings

#: In a draft, what a person must look at. What is to be written stands as …, which a declaration refuses.
MARK = "# guess"
Kind = Literal["count", "share"]


@dataclass(frozen=True)
class Part:
    """A piece of the draft: the text, and the file that it is appended to or that it is."""

    file: Path
    text: str


@dataclass(frozen=True)
class _Column:
    name: str
    data_type: str
    is_required: bool


def draft_indicator(settings: Settings, indicator_id: str, source: str, fact: str, kind: Kind) -> tuple[Part, ...]:
    """The draft of an indicator of a source that counts rows of a fact: a share of them, or their number.

    Raises KvalitetError where the id is taken or no identifier, or there is no such source or fact. Nothing is written.
    """
    if not IDENTIFIER.fullmatch(indicator_id):
        raise KvalitetError(f"{indicator_id!r} is no id of an indicator.", "Take lower-case letters, digits and _.")
    declared = load_indicators(settings)
    taken = {one.id: name for name, indicators in declared.items() for one in indicators}
    if indicator_id in taken:
        raise KvalitetError(f"The id {indicator_id} is taken in {taken[indicator_id]}.yaml.", "Take another id.")
    if source not in declared:
        known = ", ".join(sorted(declared))
        raise KvalitetError(
            f"No source {source} declares indicators. Known: {known}.",
            f"Take one of them, or begin indicators/{source}.yaml with the line `indicators:`.",
        )
    columns = _columns(settings, fact)
    model = contribution_model(fact)
    folder = settings.dbt_dir / "models" / "star" / "indicators"
    alike = _alike(declared, source, fact)
    facts: dict[str, Any] = {
        "id": indicator_id,
        "number": max(one.number for indicators in declared.values() for one in indicators) + 1,
        "source": source,
        "fact": fact,
        "model": model,
        "is_share": kind == "share",
        "like": alike,
        "is_of_source": _names_its_source(declared, fact),
        "inputs": _inputs(folder / f"{model}.sql", fact),
        **_guesses(columns),
    }
    own, own_models = settings.administration, settings.administration.models / "star" / "indicators"
    parts = [Part(own.indicators / f"{source}.yaml", _render("indicator.yaml.j2", facts))]
    if not (folder / f"{model}.sql").is_file():
        parts.append(Part(own_models / f"{model}.sql", _render("contribution.sql.j2", facts)))
        parts.append(Part(own_models / f"{model}.yml", _render("contribution.yml.j2", facts)))
    parts.append(Part(own_models / f"{indicator_id}.yml", _render("indicator_test.yml.j2", facts)))
    return tuple(parts)


def as_text(settings: Settings, parts: tuple[Part, ...]) -> str:
    """The draft as one text: each part below a line that names its file."""
    places = [
        f"{'append to' if part.file.is_file() else 'new file'} {part.file.relative_to(settings.root)}" for part in parts
    ]
    return "\n".join(f"# ── {place}\n{part.text}" for place, part in zip(places, parts, strict=True))


def _columns(settings: Settings, fact: str) -> list[_Column]:
    """The fact's columns, as its model declares them to readers."""
    star = settings.dbt_dir / "models" / "star"
    file = star / f"{fact}.yml"
    if not fact.startswith("fct_") or not file.is_file():
        raise KvalitetError(
            f"There is no fact {fact} in {star.relative_to(settings.root)}.",
            "Name one of fct_*.yml there, or add it first: docs/adding-a-fact.md.",
        )
    (model,) = yaml.safe_load(file.read_text(encoding="utf-8"))["models"]
    return [
        _Column(
            column["name"],
            column["data_type"],
            any(constraint["type"] == "not_null" for constraint in column.get("constraints", [])),
        )
        for column in model["columns"]
    ]


def _guesses(columns: list[_Column]) -> dict[str, Any]:
    """What the columns show: the dates, the ones that answer yes or no, and what the rows may be broken down by."""
    dates = sorted((column for column in columns if column.data_type == "date"), key=lambda one: not one.is_required)
    if not dates:
        raise KvalitetError("The fact has no date to count by.", "Count by an expression: docs/adding-an-indicator.md.")
    names = {column.name for column in columns}
    return {
        "dates": [column.name for column in dates],
        "flags": [column.name for column in columns if column.data_type == "boolean"],
        "is_flag_required": {column.name: column.is_required for column in columns},
        "breakdowns": [kind for kind, column in BREAKDOWNS.items() if column in names],
    }


def _alike(declared: dict[str, tuple[Indicator, ...]], source: str, fact: str) -> Indicator | None:
    """An indicator of the source to guess by: one that counts the same fact, or else any."""
    own = declared[source]
    counting = [one for one in own if isinstance(rule := one.versions[-1].rule, Rule) and rule.fact == fact]
    return next(iter([*counting, *own]), None)


def _names_its_source(declared: dict[str, tuple[Indicator, ...]], fact: str) -> bool:
    """Whether the fact holds several sources' rows, so that its rules say which they count."""
    rules = [version.rule for indicators in declared.values() for one in indicators for version in one.versions]
    return any(isinstance(rule, Rule) and rule.fact == fact and "source_id" in rule.where for rule in rules)


def _inputs(model: Path, fact: str) -> list[str]:
    """What the model that counts reads besides the fact: a unit test must give it, if only as no rows."""
    if not model.is_file():
        return []
    found = re.findall(r"ref\('(\w+)'\)", model.read_text(encoding="utf-8"))
    return [name for name in dict.fromkeys(found) if name != fact]


def _render(template: str, facts: dict[str, Any]) -> str:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701 - YAML and SQL
    )
    return environment.get_template(template).render(facts)
