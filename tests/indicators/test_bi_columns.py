"""Which indicators are columns of the BI tables: those that can have a figure there, by their declarations."""

from pathlib import Path

import pytest

from kvalitet.indicators import Indicator, bi_tables, load_indicators
from kvalitet.settings import Settings

DECLARED = load_indicators(Settings.from_environment(Path(__file__).resolve().parents[2]))


def columns(changed: Indicator, period_kind: str, breakdown_kind: str = "ingen") -> bool:
    """Whether the indicator would be a column, declared as `changed`."""
    declared = {
        source: tuple(changed if one.id == changed.id else one for one in indicators)
        for source, indicators in DECLARED.items()
    }
    return changed in bi_tables.counts(declared, period_kind, breakdown_kind)


def declared(indicator_id: str) -> Indicator:
    (found,) = (one for indicators in DECLARED.values() for one in indicators if one.id == indicator_id)
    return found


def test_other_authorities_are_no_column():
    appeals = declared("ankesager_afgjort")
    assert columns(appeals, "kalenderaar") and columns(appeals, "kvartal")
    of_others = appeals.model_copy(update={"measured_of": "others"})
    assert not columns(of_others, "kalenderaar") and not columns(of_others, "kvartal")


def test_columns_are_of_declared_periods_only():
    appeals = declared("ankesager_afgjort")
    assert not columns(appeals, "beretningsaar")
    assert not columns(appeals.model_copy(update={"period_kinds": ("kvartal",)}), "kalenderaar")


@pytest.mark.parametrize("breakdown_kind", ["center", "center_nu"])
def test_indicator_without_centres_is_no_column(breakdown_kind: str):
    received = declared("klager_modtaget")
    assert columns(received, "kalenderaar", breakdown_kind)
    (version,) = received.versions
    rule = version.rule.model_copy(update={"breakdowns": {"lov": "law_id"}})
    by_law = received.model_copy(update={"versions": (version.model_copy(update={"rule": rule}),)})
    assert columns(by_law, "kalenderaar") and not columns(by_law, "kalenderaar", breakdown_kind)


def test_declared_rule_counts_own_cases_only():
    received = declared("klager_modtaget").model_dump(exclude_none=True)
    with pytest.raises(ValueError, match="a declared rule counts the own authority's cases"):
        Indicator.model_validate(received | {"measured_of": "others", "versions": [_as_written(received)]})


def _as_written(indicator: dict) -> dict:
    """Its version with the breakdowns as a declaration writes them."""
    (version,) = indicator["versions"]
    return version | {"rule": version["rule"] | {"breakdowns": list(version["rule"]["breakdowns"])}}
