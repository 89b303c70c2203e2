"""English beside Danish: every label has its translation, and each language has its own form of numbers and dates."""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_file
from babel.messages.pofile import read_po
from open_data_contract_standard.model import DataQuality

from kvalitet.contracts.limits import read_limit
from kvalitet.reports import pages, words
from kvalitet.reports.languages import CATALOGUE, DANISH, ENGLISH
from kvalitet.reports.views import verdict

REPORTS = Path(pages.__file__).parent
TEMPLATES = ("base", "macros", "oversigt", "validering", "kontrol", "kontroller", "kilde", "kilder", "mutationer")
CODES = (
    words.STATUS, words.SEVERITY, words.BUILD, words.OUTCOME, words.EVENT, words.MATERIAL, words.CLASSIFICATION,
    words.ACCOUNT,
    words.MODEL_STATUS, words.READING, words.RULE, words.TRIAL_OUTCOME, words.MUTATION_KIND, words.MUTATION_SIZE,
)  # fmt: skip


def labels() -> set[str]:
    """Every label that a page in both languages can use."""
    options = {"extensions": "jinja2.ext.i18n", "silent": "false", "trim_blocks": "true"}
    keywords = {"_": None, "label": None, "plural": (2, 3)}
    found = [
        extract_from_file("jinja2.ext:babel_extract", REPORTS / f"templates/{name}.html.j2", options=options)
        for name in TEMPLATES
    ]
    found.append(extract_from_file("python", REPORTS / "views/verdict.py", keywords=keywords))
    asked = {m if isinstance(m, str) else m[0] for messages in found for _, m, _, _ in messages}
    by_code = {text for codes in CODES for text in codes.values()}
    named = {section.name for section in pages.SECTIONS} | {pages.VALIDATION.name}
    return asked | by_code | named | {verdict.SEVERAL, verdict.REPORTS, verdict.NONE}


def test_every_label_is_translated():
    with CATALOGUE.open("rb") as file:
        catalogue = {m.id if isinstance(m.id, str) else m.id[0]: m for m in read_po(file, locale="en") if m.id}
    assert labels() == set(catalogue)
    assert [m.id for m in catalogue.values() if not all(m.string if isinstance(m.string, tuple) else [m.string])] == []


@pytest.mark.parametrize(
    ("operator", "bound", "english"),
    [
        ("mustBe", 0, "none"),
        ("mustNotBe", 3, "not 3"),
        ("mustBeGreaterThan", 1000, "above 1000"),
        ("mustBeGreaterOrEqualTo", 0.5, "at least 0.5"),
        ("mustBeLessThan", 5, "below 5"),
        ("mustBeLessOrEqualTo", 5, "at most 5"),
        ("mustBeBetween", [1, 9], "above 1 and below 9"),
        ("mustNotBeBetween", [1, 9], "not both above 1 and below 9"),
    ],
)
def test_threshold_of_operator_is_translated(operator, bound, english):
    recorded = str(read_limit(DataQuality(**{operator: bound})))
    assert (ENGLISH.threshold(recorded), DANISH.threshold(recorded)) == (english, recorded)


def test_numbers_and_dates_follow_the_language():
    at = datetime(2024, 11, 21, 2, 14, tzinfo=UTC)
    said = [
        (
            x.number(1234.5, 1),
            x.share(312, 12044),
            x.day(date(2024, 3, 1)),
            x.instant(at),
            x.threshold("højst 0,5 %"),
        )
        for x in (DANISH, ENGLISH)
    ]
    assert said == [
        ("1.234,5", "2,6 %", "01-03-2024", "21-11-2024 kl. 03.14", "højst 0,5 %"),
        ("1,234.5", "2.6%", "1 Mar 2024", "21 Nov 2024 at 03:14", "at most 0.5 %"),
    ]
    warnings = "%(num)s advarsel", "%(num)s advarsler"
    assert (DANISH.plural(1, *warnings), ENGLISH.plural(2, *warnings)) == ("1 advarsel", "2 warnings")


@pytest.mark.parametrize(
    ("text", "danish", "english"),
    [
        ("An empty file.\n  Da: En tom fil.", "En tom fil.", "An empty file."),
        ("Kun dansk.", "Kun dansk.", "Kun dansk."),
        (None, "", ""),
    ],
)
def test_contract_text_is_in_one_language(text: str | None, danish: str, english: str):
    assert (DANISH.of_both(text), ENGLISH.of_both(text)) == (danish, english)


def test_untranslated_label_stays_danish():
    assert ENGLISH.label("Et nyt ord") == "Et nyt ord"
