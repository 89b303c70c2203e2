"""What dbt reads of the declared indicators: two seeds, and a macro with the rules."""

import csv
import io
from collections.abc import Iterable, Mapping

from kvalitet.indicators.declaration import AS_OF_DATE, BREAKDOWNS, Indicator, Rule, RuleInModel, Version
from kvalitet.indicators.reading import contribution_model, in_order

Declared = Mapping[str, tuple[Indicator, ...]]


def register_csv(declared: Declared) -> str:
    """The register, seed_indicator: a row per indicator and version."""
    rows = [
        _register_row(source, indicator, version)
        for source, indicator in in_order(declared)
        for version in indicator.versions
    ]
    return _csv(list(rows[0]), rows)


def tables_csv(declared: Declared) -> str:
    """seed_indicator_table: a row per indicator and delivered table that it counts rows of."""
    rows = [
        {
            "indicator_id": indicator.id,
            "contract_id": contract,
            "table_name": table,
            "most_cases": "" if most == "any" else most,
        }
        for _, indicator in in_order(declared)
        for contract, tables in indicator.rests_on.items()
        for table, most in tables.items()
    ]
    return _csv(["indicator_id", "contract_id", "table_name", "most_cases"], rows)


def rules_macro(declared: Declared, written_by: str) -> str:
    """The macros that give the declared rules of a fact, and the models that measure, by what they hand over."""
    rules: dict[str, list[str]] = {}
    models: set[str] = set()
    for _, indicator in in_order(declared):
        versions = indicator.versions[:1] if indicator.has_one_rule else indicator.versions
        for version in versions:
            if isinstance(version.rule, RuleInModel):
                models.add(version.rule.model)
                continue
            models.add(contribution_model(version.rule.fact))
            number = "none" if indicator.has_one_rule else str(version.version)
            rules.setdefault(version.rule.fact, []).append(_rule(indicator.id, number, version.rule))
    lines = [f"{{# Written by {written_by} from the declared indicators. #}}"]
    lines += ["{% macro indicator_rules(fact) -%}", "    {{ return({"]
    for fact in sorted(rules):
        lines += [f"        '{fact}': [", *rules[fact], "        ],"]
    lines += ["    }[fact]) }}", "{%- endmacro %}", ""]
    lines += ["{% macro measuring_models(kind) -%}", "    {{ return({"]
    for kind in ("int_contribution__", "int_stock__", "int_duration__"):
        lines.append(f"        '{kind}': [")
        lines += [f"            '{model}'," for model in sorted(models) if model.startswith(kind)]
        lines.append("        ],")
    return "\n".join([*lines, "    }[kind]) }}", "{%- endmacro %}", ""])


def _register_row(source: str, indicator: Indicator, version: Version) -> dict[str, object]:
    return {
        "indicator_id": indicator.id,
        "version": version.version,
        "source_id": source,
        "rests_on": "; ".join(indicator.rests_on),
        "name_da": indicator.name_da,
        "name_en": indicator.name_en,
        "definition_da": version.definition_da,
        "definition_en": version.definition_en,
        "numerator_da": version.numerator_da,
        "denominator_da": version.denominator_da,
        "unit": indicator.unit,
        "is_share": _yes_no(indicator.is_share),
        "decimals": indicator.decimals,
        "direction": indicator.direction,
        "dated_by": indicator.dated_by,
        "period_kinds": "; ".join(indicator.period_kinds),
        "is_additive_over_periods": _yes_no("periods" in indicator.adds_up_over),
        "is_additive_over_organisations": _yes_no("organisations" in indicator.adds_up_over),
        "is_cumulative": _yes_no(indicator.is_cumulative),
        "least_value": _number(indicator.bounds[0]),
        "most_value": _number(indicator.bounds[1]),
        "open_cases_da": indicator.open_cases_da,
        "population_da": version.population_da,
        "legal_basis": indicator.legal_basis,
        "owner": indicator.owner,
        "valid_from_year": version.valid_from_year,
        "valid_to_year": version.valid_to_year or "",
        "event": indicator.dated_by if indicator.is_protected else "",
        "family": indicator.family or "",
        "is_small_count_protected": _yes_no(indicator.is_protected),
    }


def _rule(indicator_id: str, version: str, rule: Rule) -> str:
    fields = {"date": rule.date, "where": rule.where, "above": rule.above, "below": rule.below, "events": rule.events}
    members = ", ".join(f"'{BREAKDOWNS[kind]}': {_quoted(member)}" for kind, member in rule.breakdowns.items())
    lines = ["            {", f"                'indicator_id': '{indicator_id}', 'version': {version},"]
    lines += [f"                '{name}': {_quoted(expression)}," for name, expression in fields.items()]
    return "\n".join([*lines, f"                'members': {{{members}}},", "            },"])


def _quoted(expression: str | None) -> str:
    """The expression as a text in Jinja, with the build's day as the macro that gives it."""
    if expression is None:
        return "none"
    text = expression.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text}"'.replace(AS_OF_DATE, '" ~ as_of_date() ~ "')


def _csv(columns: list[str], rows: Iterable[Mapping[str, object]]) -> str:
    out = io.StringIO()
    writer = csv.DictWriter(out, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:g}"


def _yes_no(value: bool) -> str:
    return "true" if value else "false"
