"""Declarations of indicators: what is refused, and that the refusal says where it is and what to write."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from kvalitet.indicators import IndicatorInvalid, load_indicators, written
from kvalitet.settings import Settings

UPHELD = """\
  - id: klager_medhold_pct
    number: 1
    name_da: Klager med medhold
    name_en: Complaints upheld
    unit: pct
    decimals: 1
    direction: lavere_er_bedre
    dated_by: decided
    period_kinds: [kalenderaar, kvartal]
    family: klager_medhold_pct
    open_cases_da: Tæller ikke med
    legal_basis: Forvaltningsloven
    owner: Kvalitetsenheden
    rests_on:
      bif_complaints: {complaints: 1}
    versions:
      - version: 1
        valid_from_year: 2005
        definition_da: Andel af klagerne med medhold.
        definition_en: Share of complaints upheld.
        population_da: Alle klager
        rule:
          fact: fct_complaint
          date: decided_date
          where: is_decided_on_merits and decided_date < {as_of_date}
          above: case when is_upheld then 1 else 0 end
          below: 1
          breakdowns: [center, kategori: source_id]
"""
SECOND = """\
      - version: 2
        valid_from_year: 2022
        definition_da: Andel af klagerne med fuldt medhold.
        definition_en: Share of complaints wholly upheld.
        population_da: Alle klager
"""
CLOSED = UPHELD.replace("valid_from_year: 2005", "valid_from_year: 2005\n        valid_to_year: 2021")
OWN_RULE = """\
        rule:
          fact: fct_complaint
          date: decided_date
          above: case when outcome_id = 'medhold' then 1 else 0 end
          below: 1
"""
Declare = Callable[..., Settings]


@pytest.fixture
def declare(tmp_path: Path) -> Declare:
    """Settings of a checkout whose only declarations are these, by source, and which has one model that counts."""

    def written_down(**by_source: str) -> Settings:
        settings = replace(Settings.from_environment(), root=tmp_path)
        settings.administration.indicators.mkdir(parents=True, exist_ok=True)
        for source, indicators in by_source.items():
            (settings.administration.indicators / f"{source}.yaml").write_text(
                f"indicators:\n{indicators}", encoding="utf-8"
            )
        model = settings.dbt_dir / "models" / "int_contribution__complaint.sql"
        model.parent.mkdir(parents=True, exist_ok=True)
        model.touch()
        return settings

    return written_down


def test_indicator_is_read_as_declared(declare: Declare) -> None:
    ((indicator,),) = load_indicators(declare(klagesager=UPHELD)).values()
    assert (indicator.is_share, indicator.is_protected, indicator.has_one_rule) == (True, True, True)
    assert indicator.versions[0].rule.model_dump() == {
        "fact": "fct_complaint",
        "date": "decided_date",
        "where": "is_decided_on_merits and decided_date < {as_of_date}",
        "above": "case when is_upheld then 1 else 0 end",
        "below": "1",
        "events": "1",
        "breakdowns": {"center": "centre_id", "kategori": "source_id"},
    }


@pytest.mark.parametrize(
    ("stated", "bounds"),
    [
        ("unit: pct", (0, 100)),  # a share, where nothing else is stated
        ("unit: pct\n    is_share: false\n    least: -50\n    most: 50", (-50, 50)),
        ("unit: score\n    least: 1\n    most: 5", (1, 5)),
        ("unit: antal pr. klage", (0, None)),
    ],
)
def test_bounds_of_what_is_possible(declare: Declare, stated: str, bounds: tuple[float, float | None]) -> None:
    ((indicator,),) = load_indicators(declare(klagesager=UPHELD.replace("unit: pct", stated))).values()
    assert indicator.bounds == bounds


@pytest.mark.parametrize(
    ("wrong", "instead", "says"),
    [
        ("unit: pct", "unit: procent", "unit: Input should be"),
        ("    decimals: 1\n", "", "decimals: is missing"),
        ("    decimals: 1\n", "    decimals: 1\n    color: red\n", "color: is not a field of an indicator"),
        ("name_da: Klager med medhold", "name_da: …", "name_da: String should have at least 2 characters"),
        ("          below: 1\n", "", "version 1: rule: unit pct needs `below`"),
        ("unit: pct", "unit: antal", "version 1: rule: a count has no `below`"),
        ("family:", "adds_up_over: [periods]\n    family:", "adds_up_over: only counts"),
        ("[center, kategori: source_id]", "[centre]", "rule: breakdowns: there is no breakdown centre; known: center"),
        ("[center, kategori: source_id]", "[center, center]", "center stands there twice"),
        ("date: decided_date", "date: decided_date; drop table x", "version 1: rule: date: write one SQL expression"),
        ("date: decided_date", 'date: "{{ var(\'x\') }}"', "without ; or comment or macro"),
        ("{as_of_date}", "{today}", "braces stand only around the build's day: {as_of_date}"),
        ("date: decided_date", "date: …", "version 1: rule: date: write what stands as …"),
        ("above: case", "above: (case", "a parenthesis or a quote is not closed"),
        ("fact: fct_complaint", "fact: fct_inquiry", "no model counts fct_inquiry yet: write int_contribution__inq"),
        ("kvartal]", "kvartal, kvartal]", "period_kinds: one stands there twice"),
        ("unit: pct", "unit: pct\n    is_share: false", "least, most: a percentage that is no share needs both"),
        ("unit: pct", "unit: pct\n    least: 100", "least, most: 100 is not below 100"),
    ],
)  # fmt: skip
def test_fault_names_indicator_and_field(declare: Declare, wrong: str, instead: str, says: str) -> None:
    assert wrong in UPHELD
    with pytest.raises(IndicatorInvalid) as refused:
        load_indicators(declare(klagesager=UPHELD.replace(wrong, instead)))
    assert "klagesager.yaml, klager_medhold_pct: " in str(refused.value)
    assert says in str(refused.value)
    assert "docs/adding-an-indicator.md" in str(refused.value)


def test_rule_in_missing_model(declare: Declare) -> None:
    before, _, _ = UPHELD.partition("        rule:\n")
    with pytest.raises(IndicatorInvalid, match="klager_medhold_pct: version 1: there is no model int_duration__klager"):
        load_indicators(declare(klagesager=before + "        rule: {model: int_duration__klager}\n"))


def test_version_without_own_rule_is_refused(declare: Declare) -> None:
    """A definition that changes and a rule that does not would give the new definition the old figures."""
    with pytest.raises(IndicatorInvalid) as refused:
        load_indicators(declare(klagesager=CLOSED + SECOND))
    assert "klager_medhold_pct: version 2: has no rule of its own" in str(refused.value)
    assert "repeat it or refer to it with a YAML anchor" in str(refused.value)


def test_version_may_refer_to_first_rule(declare: Declare) -> None:
    declared = CLOSED.replace("rule:", "rule: &first") + SECOND + "        rule: *first\n"
    settings = declare(klagesager=declared)
    ((indicator,),) = load_indicators(settings).values()
    assert indicator.has_one_rule
    # Counted alike under both definitions, so it is handed over once, under no version.
    assert written.rules_macro(load_indicators(settings), "x").count("'version': none") == 1


def test_version_rules_are_numbered(declare: Declare) -> None:
    macro = written.rules_macro(load_indicators(declare(klagesager=CLOSED + SECOND + OWN_RULE)), "x")
    assert ["'version': 1," in macro, "'version': 2," in macro, "'version': none" in macro] == [True, True, False]


@pytest.mark.parametrize(
    ("ends", "says"),
    [
        ("2023", "versions 1 and 2 overlap: 1 ends with 2023, so 2 begins with 2024, not 2022"),
        (
            "2020",
            "versions 1 and 2 leave years without a definition: 1 ends with 2020, so 2 begins with 2021, not 2022",
        ),
        ("2004", "version 1: close it with valid_to_year"),
        ("null", "version 1: close it with valid_to_year"),
    ],
)
def test_years_that_overlap_or_are_missing(declare: Declare, ends: str, says: str) -> None:
    declared = CLOSED.replace("valid_to_year: 2021", f"valid_to_year: {ends}") + SECOND + OWN_RULE
    with pytest.raises(IndicatorInvalid, match=says):
        load_indicators(declare(klagesager=declared))


def test_newest_version_has_no_last_year(declare: Declare) -> None:
    with pytest.raises(IndicatorInvalid, match="version 1: the newest version holds until a newer one"):
        load_indicators(declare(klagesager=CLOSED))


def test_versions_are_numbered_without_gaps(declare: Declare) -> None:
    declared = CLOSED + SECOND.replace("version: 2", "version: 3") + OWN_RULE
    with pytest.raises(IndicatorInvalid, match=r"number them 1, 2, 3 in the order of their years, not \[1, 3\]"):
        load_indicators(declare(klagesager=declared))


def test_id_and_number_are_unique(declare: Declare) -> None:
    with pytest.raises(IndicatorInvalid) as refused:
        load_indicators(declare(domstolene=UPHELD, klagesager=UPHELD))
    for name in ("id klager_medhold_pct", "number 1"):
        assert f"klagesager.yaml, klager_medhold_pct: the {name} is taken by domstolene.yaml" in str(refused.value)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("indicators: [", "klagesager.yaml line 1: not readable as YAML"),
        ("- id: x\n", "klagesager.yaml: write a list below `indicators:`"),
        ("indicators:\n  - klager\n", "klagesager.yaml, number 1: "),
    ],
)
def test_file_that_is_no_declaration(declare: Declare, text: str, says: str) -> None:
    settings = declare(klagesager=UPHELD)
    (settings.administration.indicators / "klagesager.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(IndicatorInvalid) as refused:
        load_indicators(settings)
    assert says in str(refused.value)


def test_all_faults_are_reported_at_once(declare: Declare) -> None:
    faulty = UPHELD.replace("unit: pct", "unit: procent").replace("decimals: 1", "decimals: 9")
    with pytest.raises(IndicatorInvalid) as refused:
        load_indicators(declare(klagesager=faulty))
    assert ["unit: " in str(refused.value), "decimals: " in str(refused.value)] == [True, True]


def test_register_is_ordered_by_number(declare: Declare) -> None:
    other = UPHELD.replace("klager_medhold_pct", "sager_medhold_pct").replace("number: 1\n", "number: 2\n")
    rows = written.register_csv(load_indicators(declare(a_source=other, klagesager=UPHELD))).splitlines()
    assert [row.split(",")[0] for row in rows] == ["indicator_id", "klager_medhold_pct", "sager_medhold_pct"]
