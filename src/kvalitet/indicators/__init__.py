"""Indicators as people declare them, indicators/<source_id>.yaml, and what is written from them for dbt."""

from kvalitet.indicators.declaration import Indicator, IndicatorInvalid, Rule, RuleInModel, Version
from kvalitet.indicators.reading import contribution_model, load_indicators

__all__ = [
    "Indicator",
    "IndicatorInvalid",
    "Rule",
    "RuleInModel",
    "Version",
    "contribution_model",
    "load_indicators",
]
