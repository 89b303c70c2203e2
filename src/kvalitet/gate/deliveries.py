"""The suites of the deliveries, made from their contracts: what each promises, measured on what the build rests on.

Each contract gives one suite, `delivery_<contract>`. It reads the records that intake wrote (counts by load and table),
and counts what the contract's own rules ask (kvalitet.gate.rules). expectations/suites/README.md says why.
"""

from typing import Any

from kvalitet.contracts import Contract, load_contracts
from kvalitet.contracts.two_languages import in_language
from kvalitet.gate.defaults import Defaults
from kvalitet.gate.loading import load_defaults, load_suites
from kvalitet.gate.rules import RuleCheck, rule_checks
from kvalitet.gate.suites import Check, NotApplicable, Suite, Threshold
from kvalitet.settings import Settings

#: How many steps between published deliveries a volume is compared with, and how many are too few to learn from.
LONGEST_MEMORY, SHORTEST_MEMORY = 20, 5

#: Tables of the build's delivery of one source, and the delivery itself.
_THIS = "audit.build_load where build_id = current_setting('kvalitet.build_id')::bigint and source_id = '{source}'"
#: The delivery whose account is read. Where one was withdrawn, it is the delivery whose state was put back.
_STANDING = (
    "select case when origin = 'restored' then of_load else load_id end as load_id from audit.load"
    " where load_id in (select load_id from " + _THIS + ")"
)
_TABLES = "audit.load_table inner join (" + _STANDING + ") as this using (load_id)"

_FRESH = "select 1 - count(*) filter (where not is_stale) as violations, 1 as denominator from " + _THIS
_SET_ASIDE = f"select sum(rows_rejected) as violations, sum(rows_delivered) as denominator from {_TABLES}"
_CLOSED = f"""
select
    sum(rows_closed) as violations,
    sum(rows_changed + rows_reread + rows_closed + rows_unchanged + rows_held) as denominator
from {_TABLES}
where table_name in ({{tables}})"""
_CLOSURES_ALLOWED = f"""
select exists (
    select from audit.load
    where closures_allowed_by is not null and load_id in ({_STANDING})
)"""
_ACCOUNTED = f"""
select
    sum(abs(
        rows_delivered - rows_rejected - rows_opened - rows_changed - rows_reread - rows_overtaken - rows_unchanged
    )) as violations,
    sum(rows_delivered) as denominator
from {_TABLES}"""
#: Volumes are learned only from what was published. A delivery that was held back is no measure for the next one.
_PUBLISHED = f"""
select distinct load_id from audit.build_load inner join audit.publication using (build_id)
inner join audit.load_in_use using (load_id, source_id)
where source_id = '{{source}}' and load_id > 0 and load_id < (select load_id from {_THIS})"""
_VOLUME = f"""
with counted as (
    select table_name, rows_delivered, load_id, load_id = (select load_id from {_THIS}) as is_this
    from audit.load_table
    where load_id in ({_PUBLISHED} union select load_id from {_THIS})
),
steps as (
    select
        *, rows_delivered - lag(rows_delivered) over (partition by table_name order by load_id) as step,
        row_number() over (partition by table_name order by load_id desc) as age
    from counted
),
earlier as (
    select * from steps where step is not null and not is_this and age <= {LONGEST_MEMORY + 1}
),
usual as (
    select table_name, percentile_cont(0.5) within group (order by step) as usual_step
    from earlier group by table_name having count(*) >= {SHORTEST_MEMORY}
),
bands as (
    select table_name, usual_step, percentile_cont(0.5) within group (order by abs(step - usual_step)) as spread
    from earlier inner join usual using (table_name) group by table_name, usual_step
)
select
    count(*) filter (
        where abs(step - usual_step) > greatest(15 * spread, 0.05 * (rows_delivered - step), 10)
    ) as violations,
    count(*) as denominator
from steps inner join bands using (table_name)
where is_this"""


def all_suites(settings: Settings) -> list[Suite]:
    """The suites that people wrote and those that follow from contracts. Raises SuiteInvalid as load_suites does."""
    contracts = load_contracts(settings)
    defaults = load_defaults(settings)
    return load_suites(settings, contracts) + [
        delivery_suite(contract, defaults) for contract in contracts.values() if not contract.problems
    ]


def delivery_suite(contract: Contract, defaults: Defaults) -> Suite:
    """What a contract promises of its deliveries, as checks. What they leave open is in the defaults."""
    name = f"delivery_{contract.id}"
    checks = [*_arrival(contract), *_quality(contract), *_limits(contract)]
    for check in checks:
        check["id"] = f"{name}_{check['id']}"
        if "source" not in check:
            check["count_violations"] = check["count_violations"].replace("{source}", contract.id)
        check.setdefault("owner", contract.owner)
        check.setdefault("advice_reader", defaults.advice(check["severity"]))
        if not check["id"].endswith("_fresh"):
            absent = {
                "reason": f"Kilden har ikke leveret; det siger {name}_fresh.",
                "sql": f"select not exists (select from {_THIS})",
            }
            check["not_applicable_when"] = [
                NotApplicable(reason=one["reason"], sql=one["sql"].replace("{source}", contract.id))
                for one in (absent, *check.get("not_applicable_when", ()))
            ]
    return Suite(
        table=name,
        owner=contract.owner,
        reads="fct_delivered_table",
        checks=tuple((RuleCheck if "source" in check else Check).model_validate(check) for check in checks),
    )


def _arrival(contract: Contract) -> list[dict[str, Any]]:
    days = contract.latency_days
    severity = "critical" if any(table.absence_closes for table in contract.tables.values()) else "warning"
    return [
        {
            "id": "fresh",
            "must_hold": "Leverancen er kommet, det seneste forsøg lykkedes, og data er ikke ældre end aftalt"
            + (f" ({days} dage)." if days is not None else "."),
            "count_violations": _FRESH,
            "why": f"Kontrakten {_named(contract)} siger, hvornår data skal komme (slaProperties: frequency, latency);"
            " gamle data ligner uændrede tal.",
            "severity": "warning",
            "advice_engineer": f"Se `kvalitet status --source {contract.id}`; skriv til {_support(contract)}.",
            "advice_reader": "Tal, der hviler på leverancen, er mærket som forældede.",
        },
        {
            "id": "volume",
            "must_hold": "Hver tabel har vokset eller er skrumpet inden for det bånd, som kildens egne seneste"
            f" {LONGEST_MEMORY} offentliggjorte leverancer viser.",
            "count_violations": _VOLUME,
            "why": "En leverance, der pludselig er langt mindre eller større end de forrige, er oftest afkortet,"
            " dobbelt eller udtrukket forkert. Båndet er medianen af ændringerne ± 15 gange deres medianafvigelse,"
            " dog mindst 5 % og 10 rækker.",
            "severity": severity,
            "advice_engineer": f"Se rækketallene i audit.load_table; spørg {_support(contract)}, om udtrækket er helt."
            " Er det rigtigt, så lad tjekket passere med en dispensation i waivers.yaml.",
            "not_applicable_when": [
                {
                    "reason": f"Under {SHORTEST_MEMORY + 1} tidligere offentliggjorte leverancer at lære af.",
                    "sql": f"select count(*) <= {SHORTEST_MEMORY} from ({_PUBLISHED}) as published",
                }
            ],
        },
        {
            "id": "rows_accounted_for",
            "must_hold": "Hver leveret række er enten ny, ændret, uændret eller sat til side.",
            "count_violations": _ACCOUNTED,
            "why": "Går regnskabet ikke op, er rækker tabt under indlæsningen, eller optegnelsen er ændret bagefter.",
            "severity": "critical",
            "advice_engineer": "Se audit.load_table for leverancen; er den ændret, så kør `kvalitet verify`.",
        },
    ]


def _quality(contract: Contract) -> list[dict[str, Any]]:
    """The contract's quality rules that are measured, as they are written."""
    reasons = {rule.id: rule.description for rule in contract.quality}
    return [
        check
        | {
            "why": f"{_reason(reasons[check['id']])} (Kontrakten {_named(contract)}.)",
            "advice_engineer": f"Se `kvalitet rejects --source {contract.id}`, hvis rækkerne er sat til side;"
            f" bed {_support(contract)} rette dem i kilden. Er reglen forkert, så ret kontrakten.",
        }
        for check in rule_checks(contract)
    ]


def _limits(contract: Contract) -> list[dict[str, Any]]:
    """The contract's own limits on the rows that are set aside and those that are closed."""
    closing = [table.name for table in contract.tables.values() if table.absence_closes]
    checks = [
        {
            "id": "rows_set_aside",
            "must_hold": "Rækker, der bryder kontrakten, er så få, som den tillader.",
            "count_violations": _SET_ASIDE,
            "threshold": _percent(contract.max_rejected_percent),
            "why": f"Kontrakten {_named(contract)} (maxRejectedPercent): mange brudte rækker er en brudt leverance.",
            "severity": "critical",
            "advice_engineer": f"Se `kvalitet rejects --source {contract.id}`; bed {_support(contract)} rette dem.",
        }
    ]
    if closing:
        tables = _listed(closing)
        before = f"select coalesce(sum(denominator), 0) = 0 from ({_CLOSED.replace('{tables}', tables)}) as counted"
        checks.append(
            {
                "id": "rows_closed",
                "must_hold": "Rækker, der er forsvundet siden sidst, er så få, som kontrakten tillader.",
                "count_violations": _CLOSED.replace("{tables}", tables),
                "threshold": _percent(contract.max_closed_percent),
                "why": f"Kontrakten {_named(contract)} (maxClosedPercent): sager forsvinder sjældent; et afkortet"
                " udtræk ligner mange, der gør.",
                "severity": "critical",
                "advice_engineer": f"Spørg {_support(contract)}, om udtrækket er helt.",
                "not_applicable_when": [
                    {"reason": "Der var ingen rækker før denne leverance.", "sql": before},
                    {"reason": "Lukningerne er tilladt ved navn og med en begrundelse.", "sql": _CLOSURES_ALLOWED},
                ],
            }
        )
    return checks


def _listed(names: list[str]) -> str:
    return ", ".join(f"'{name}'" for name in names)


def _percent(percent: float) -> Threshold:
    return Threshold(percent=percent) if percent else Threshold(violations=0)


def _reason(description: str) -> str:
    """The contract's own reason, in Danish where it has both."""
    return " ".join(in_language(description, "da").split()) or "Kontrakten kræver det."


def _named(contract: Contract) -> str:
    return f"{contract.id} {contract.version}".strip()


def _support(contract: Contract) -> str:
    return contract.support or contract.owner
