"""Defines what a declaration of indicators may say. docs/adding-an-indicator.md says what each field means."""

import re
from itertools import pairwise
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    field_validator,
    model_validator,
)

from kvalitet.errors import KvalitetError

#: Breakdown -> the column of a contribution that holds its members (dbt_project/macros/breakdowns.sql).
BREAKDOWNS = {
    "center": "centre_id",
    "lov": "law_id",
    "tema": "theme_id",
    "risikoomraade": "risk_area_id",
    "leverandoer": "supplier_id",
    "kategori": "category_id",
}
#: What an expression may hold besides SQL: the build's own day.
AS_OF_DATE = "{as_of_date}"


class IndicatorInvalid(KvalitetError):
    """Declarations that cannot be used. Nothing is written before they are corrected."""


class Strict(BaseModel):
    """A model that accepts only the fields it declares."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True, frozen=True)


def _expression(value: Any) -> Any:
    """An SQL expression over one row of the fact: on one line, with no statement, comment or macro in it."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if not isinstance(value, str):
        return value
    text = " ".join(value.split())
    if "…" in text:
        raise ValueError("write what stands as …")
    if re.search(r";|--|/\*|\{\{|\{%|\{#", text):
        raise ValueError("write one SQL expression, without ; or comment or macro")
    if re.search(r"[{}]", text.replace(AS_OF_DATE, "")):
        raise ValueError(f"braces stand only around the build's day: {AS_OF_DATE}")
    if text.count("(") != text.count(")") or text.count("'") % 2:
        raise ValueError("a parenthesis or a quote is not closed")
    return text


Expression = Annotated[str, BeforeValidator(_expression), Field(min_length=1)]
Text = Annotated[str, Field(min_length=2)]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]


class Rule(Strict):
    """What is counted: rows of a fact by a date, what each adds above and below the line, and the cases behind it."""

    fact: Annotated[str, Field(pattern=r"^fct_[a-z0-9_]+$")]
    date: Expression
    where: Expression = "true"
    above: Expression = "1"
    below: Expression | None = None
    events: Expression = "1"
    breakdowns: dict[str, Expression] = Field(default_factory=dict)

    @field_validator("breakdowns", mode="before")
    @classmethod
    def _by_kind(cls, value: Any) -> Any:
        """`[center, kategori: source_id]` as breakdown -> expression. A breakdown alone has the column named for it."""
        if not isinstance(value, list):
            raise ValueError("write a list, e.g. [center, lov]")
        found: dict[str, Any] = {}
        for item in value:
            ((kind, expression),) = item.items() if isinstance(item, dict) and len(item) == 1 else [(item, None)]
            if kind not in BREAKDOWNS:
                raise ValueError(f"there is no breakdown {kind}; known: {', '.join(BREAKDOWNS)}")
            if kind in found:
                raise ValueError(f"{kind} stands there twice")
            found[kind] = expression if expression is not None else BREAKDOWNS[kind]
        return found


class RuleInModel(Strict):
    """A rule that is too rich for a declaration, by the dbt model that holds it."""

    model: Annotated[str, Field(pattern=r"^int_[a-z0-9_]+$")]


#: The kind of a rule is told by what is written, so that a fault is one of that kind alone.
AnyRule = Annotated[
    Annotated[Rule, Tag("declared")] | Annotated[RuleInModel, Tag("in a model")],
    Discriminator(lambda rule: "in a model" if "model" in dict(rule) else "declared"),
]


class Version(Strict):
    """A definition with the years in which it holds, and its rule beside it."""

    version: int = Field(ge=1)
    valid_from_year: int = Field(ge=1900, le=2200)
    valid_to_year: int | None = Field(default=None, ge=1900, le=2200)
    definition_da: Text
    definition_en: Text
    numerator_da: str = ""
    denominator_da: str = ""
    population_da: Text
    rule: AnyRule

    @model_validator(mode="before")
    @classmethod
    def _own_rule(cls, values: Any) -> Any:
        if isinstance(values, dict) and not isinstance(values.get("rule"), dict):
            raise ValueError(
                "has no rule of its own. State `rule:` beside the version; where it is that of another version,"
                " repeat it or refer to it with a YAML anchor"
            )
        return values


class Indicator(Strict):
    """One indicator with its versions. The fields are those of the register, dim_indicator."""

    id: Name
    number: int = Field(ge=1)
    name_da: Text
    name_en: Text
    unit: Literal["antal", "pct", "antal pr. klage", "score", "dage", "arbejdsdage"]
    is_share: bool
    decimals: int = Field(ge=0, le=4)
    direction: Literal["lavere_er_bedre", "hoejere_er_bedre", "neutral"]
    dated_by: Name
    period_kinds: Annotated[tuple[Literal["kalenderaar", "beretningsaar", "kvartal"], ...], Field(min_length=1)]
    adds_up_over: tuple[Literal["periods", "organisations"], ...] = ()
    is_cumulative: bool = False
    least: float | None = None
    most: float | None = None
    measured_of: Literal["any", "others"] = "any"
    family: Name | None = None
    open_cases_da: Text
    legal_basis: Text
    owner: Text
    rests_on: Annotated[dict[Name, dict[Name, Literal["any"] | Annotated[int, Field(ge=1)]]], Field(min_length=1)]
    versions: Annotated[tuple[Version, ...], Field(min_length=1)]

    @model_validator(mode="before")
    @classmethod
    def _is_share(cls, values: Any) -> Any:
        """A percentage is a share of cases where nothing else is stated."""
        return {"is_share": values.get("unit") == "pct", **values} if isinstance(values, dict) else values

    @model_validator(mode="after")
    def _adds_up(self) -> "Indicator":
        if self.adds_up_over and self.unit != "antal":
            raise ValueError("adds_up_over: only counts (unit: antal) add up")
        if self.measured_of == "others" and any(isinstance(version.rule, Rule) for version in self.versions):
            raise ValueError(
                "measured_of: a declared rule counts the own authority's cases; others need `rule: {model: …}`"
            )
        for name in ("period_kinds", "adds_up_over"):
            if len(set(getattr(self, name))) < len(getattr(self, name)):
                raise ValueError(f"{name}: one stands there twice")
        return self

    @model_validator(mode="after")
    def _bounds(self) -> "Indicator":
        if self.unit == "pct" and not self.is_share and (self.least is None or self.most is None):
            raise ValueError("least, most: a percentage that is no share needs both, since it may pass 0 or 100")
        least, most = self.bounds
        if least is not None and most is not None and least >= most:
            raise ValueError(f"least, most: {least:g} is not below {most:g}")
        return self

    @property
    def bounds(self) -> tuple[float | None, float | None]:
        """Between which no value is impossible. As stated, else 0 to 100 for a share and at least 0 for others."""
        least = 0.0 if self.least is None else self.least
        most = 100.0 if self.most is None and self.is_share else self.most
        return least, most

    @model_validator(mode="after")
    def _years(self) -> "Indicator":
        numbers = [version.version for version in self.versions]
        if numbers != list(range(1, len(numbers) + 1)):
            raise ValueError(f"versions: number them 1, 2, 3 in the order of their years, not {numbers}")
        *closed, last = self.versions
        if last.valid_to_year is not None:
            raise ValueError(f"version {last.version}: the newest version holds until a newer one; no valid_to_year")
        for version in closed:
            if version.valid_to_year is None or version.valid_to_year < version.valid_from_year:
                raise ValueError(f"version {version.version}: close it with valid_to_year, its last year")
        for before, after in pairwise(self.versions):
            ends, begins = int(before.valid_to_year or 0), after.valid_from_year
            if begins != ends + 1:
                which = "overlap" if begins <= ends else "leave years without a definition"
                raise ValueError(
                    f"versions {before.version} and {after.version} {which}: {before.version} ends with {ends},"
                    f" so {after.version} begins with {ends + 1}, not {begins}"
                )
        return self

    @model_validator(mode="after")
    def _line(self) -> "Indicator":
        for version in self.versions:
            if isinstance(version.rule, Rule) and (version.rule.below is None) != (self.unit == "antal"):
                what = "a count has no `below`" if self.unit == "antal" else f"unit {self.unit} needs `below`"
                raise ValueError(f"version {version.version}: rule: {what}")
        return self

    @property
    def is_protected(self) -> bool:
        """Whether small counts are hidden: together with those of the indicator's family."""
        return self.family is not None

    def has_breakdown(self, kind: str) -> bool:
        """Whether a declared rule breaks it down so. What a model of its own hands over is not known here."""
        return any(isinstance(version.rule, Rule) and kind in version.rule.breakdowns for version in self.versions)

    @property
    def has_one_rule(self) -> bool:
        """Whether all versions count alike, so that what is counted holds under each of them."""
        return all(version.rule == self.versions[0].rule for version in self.versions)
