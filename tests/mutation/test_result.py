"""The summary of a run, and the page that shows it."""

import json
import re
from pathlib import Path

import pytest

from kvalitet.mutation import Mutation, load_mutations
from kvalitet.mutation.registry import Gap
from kvalitet.mutation.result import counts, faults, kept_out_percent, merged, read_result, smallest_caught
from kvalitet.reports.languages import DANISH, ENGLISH
from kvalitet.reports.mutation_page import mutation_page
from kvalitet.settings.administration import Administration


def mutation(name: str, gap: Gap | None = None) -> Mutation:
    return Mutation(
        id=name, name_da=f"Fejl {name}", name_en=f"Fault {name}", imitates_da="En kobling, der er gal.",
        imitates_en="A join that is wrong.", rows={"table": "fct_complaint"},  # type: ignore[arg-type]
        sql="delete from fct_complaint where ctid in (select place from picked);", gap=gap,
    )  # fmt: skip


def trial(name: str, size: str, rows: int, outcome: str, *checks: str) -> dict:
    return {
        "mutation": name, "size": size, "rows": rows, "among": 200, "outcome": outcome, "refused": False,
        "seconds": 5.0,
        "critical": list(checks) if outcome == "blocked" else [],
        "warnings": list(checks) if outcome == "warned" else [],
    }  # fmt: skip


GAP = Gap(reason_da="En enkelt række ligner en rettelse.", reason_en="A single row looks like a correction.")
MUTATIONS = [mutation("lost"), mutation("moved", GAP)]
TRIALS = [
    trial("lost", "row", 1, "blocked", "fct_complaint_rows"),
    trial("lost", "tenth", 20, "blocked", "fct_complaint_rows", "fct_complaint_volume"),
    trial("moved", "row", 1, "missed"),
    trial("moved", "percent", 2, "warned", "fct_complaint_dates"),
]
RESULT = {
    "mutations": {
        "measured_at": "2026-11-22T03:00:00+01:00", "minutes": 20.0, "code_version": "0123456789abcdef", "checks": 400,
        "complaints": 2000, "planned": 4, "trials": TRIALS,
    },
    "nights": {
        "minutes": 10.0,
        "nights": [
            {"seed": 2019, "night": 1, "passed": 390, "bands": 7, "critical": [], "warnings": ["fct_complaint_dates"]}
        ],
    },
}  # fmt: skip


def test_sums_of_the_trials():
    assert counts(TRIALS) == {"blocked": 2, "refused": 0, "warned": 1, "missed": 1}
    assert kept_out_percent(TRIALS) == 50
    assert kept_out_percent([]) == 0
    smallest = smallest_caught(TRIALS[2:])
    assert smallest and (smallest["rows"], smallest["outcome"]) == (2, "warned")
    assert smallest_caught(TRIALS[2:3]) is None


def test_what_must_not_be():
    assert faults(RESULT, MUTATIONS) == [], "a known gap is no fault, and four trials are no share"
    assert faults(RESULT, [MUTATIONS[0], mutation("moved")]) == ["moved (row) was missed and is no known gap"]
    held = {"nights": {"nights": [{"seed": 2020, "night": 3, "critical": ["fct_complaint_rows"]}]}}
    assert faults(held, []) == ["clean night 3 of seed 2020 was held back by fct_complaint_rows"]
    # Eleven mutations, nine of them blocked: 81.8 %.
    many = [trial(f"m{number}", "row", 1, "blocked" if number < 9 else "warned", "c") for number in range(11)]
    assert faults({"mutations": {"trials": many}}, []) == ["only 81.8 % of the trials were kept from readers, not 90 %"]
    many[10] = trial("m10", "row", 1, "refused", "c")
    assert faults({"mutations": {"trials": many}}, []) == [], "what intake refuses reaches nobody either"


def test_part_that_ran_replaces_its_own(tmp_path: Path):
    file = tmp_path / "result.json"
    assert merged(file, {"nights": {"nights": []}}) == {"nights": {"nights": []}}
    file.write_text(json.dumps(RESULT))
    assert merged(file, {"nights": {"nights": []}}) == {"mutations": RESULT["mutations"], "nights": {"nights": []}}


@pytest.mark.parametrize(
    ("language", "told"),
    [
        (DANISH, ["50,0 % af forsøgene", "Fejl lost", "En enkelt række ligner en rettelse.", "2 af 200: advarsel"]),
        (ENGLISH, ["50.0 % of the trials", "Fault lost", "A single row looks like a correction.", "2 of 200: warning"]),
    ],
)
def test_the_page_tells_it(language, told):
    page = mutation_page(RESULT, MUTATIONS, language)
    text = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))
    for words in told:
        assert words in text, words
    assert page.count('<tr id="') == 2, "one row per mutation"
    assert not re.search(r'(?:src|href)="https?:', page)


def test_refused_delivery_is_not_said_let_in():
    refused = {"mutations": RESULT["mutations"] | {"trials": [trial("lost", "row", 1, "refused")]}}
    page = mutation_page(refused, MUTATIONS, ENGLISH)
    gaps = page[page.index('id="huller"') : page.index('id="kontroller"')]
    assert "The delivery was refused as a whole" in gaps and "not grave enough" not in gaps


def test_page_shows_which_check_caught_what():
    page = mutation_page(RESULT, MUTATIONS, DANISH)
    by_check = page[page.index('id="kontroller"') : page.index('id="naetter"')]
    rows = re.findall(r"<code>(\w+)</code></th><td class=\"num\">(\d+)</td><td>([^<]*)", by_check)
    assert rows == [
        ("fct_complaint_dates", "1", "Fejl moved"),
        ("fct_complaint_rows", "1", "Fejl lost"),
        ("fct_complaint_volume", "1", "Fejl lost"),
    ]


def test_kept_result_has_every_mutation_and_size():
    example = Administration(Path(__file__).parents[2] / "example" / "administration")
    mutations, kept = load_mutations(example.mutations), read_result(example.mutation_result)
    tried = [(trial["mutation"], trial["size"]) for trial in kept["mutations"]["trials"]]
    assert sorted(tried) == sorted((mutation.id, size) for mutation in mutations for size in mutation.sizes)
    assert len(mutations) >= 40 and len(kept["nights"]["nights"]) >= 30
    assert faults(kept, mutations) == []
