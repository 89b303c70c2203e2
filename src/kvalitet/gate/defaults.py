"""The defaults for a check's texts: expectations/suites/defaults.yaml."""

from typing import Any, Literal

from pydantic import Field

from kvalitet.gate.suites import NotApplicable, Severity, Strict, SuiteInvalid, Threshold

DEFAULTS_FILE = "defaults.yaml"
#: The kinds of checks that can be derived for a table.
Kind = Literal["rows_present", "unique", "not_null", "known_value", "in_table", "every_accepted_row_counted"]


class KindDefaults(Strict):
    """The texts of one kind of derived check. Names in braces stand for its table, columns and the like."""

    must_hold: str | None = None
    why: str | None = None
    severity: Severity | None = None
    advice_engineer: str | None = None
    not_applicable_when: NotApplicable | None = None


class Defaults(Strict):
    """The defaults for all checks of the suites, for those of one severity, and for each kind of derived check."""

    owner: str | None = None
    severity: Severity | None = None
    threshold: Threshold = Threshold(violations=0)
    advice_reader: dict[Severity, str] = Field(default_factory=dict)
    derived: dict[Kind, KindDefaults] = Field(default_factory=dict)

    def advice(self, severity: Severity) -> str:
        """The advice to readers for checks of this severity. Raises SuiteInvalid where none is stated."""
        if severity not in self.advice_reader:
            raise SuiteInvalid(
                f"{DEFAULTS_FILE} does not say what to tell readers of a check of severity {severity}.",
                f"Write `advice_reader: {{{severity}: …}}`; see expectations/suites/README.md.",
            )
        return self.advice_reader[severity]

    def fill(self, check: dict[str, Any]) -> dict[str, Any]:
        """A check as it was written, completed with the defaults."""
        filled = {"threshold": self.threshold, **check}
        if self.severity:
            filled.setdefault("severity", self.severity)
        advice = self.advice_reader.get(filled.get("severity", ""))
        return {"advice_reader": advice, **filled} if advice else filled

    def of_kind(self, kind: Kind) -> dict[str, Any]:
        """The stated texts for checks of this kind."""
        stated = self.derived.get(kind)
        return {name: value for name, value in stated if value is not None} if stated else {}
