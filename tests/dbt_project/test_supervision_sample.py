"""The supervision sample of a whole build can be drawn again, is drawn by centre, and is read by centre only."""

import json
from collections import Counter
from collections.abc import Callable
from hashlib import md5
from pathlib import Path

import psycopg
import pytest
from kvalitet_example import generate

from kvalitet.intake import extract
from kvalitet.publication.catalogue import read_catalogue
from kvalitet.settings import Settings

SOURCES = ("organisation", "bif_complaints", "audit_remarks", "audit_case_samples", "management_supervision")
SAMPLE = "select risk_area_id, centre_id, case_number, drawn_rank, seed from candidate.fct_supervision_sample"

DECIDED = """
select risk_area_id, centre_id, cases_per_round, count(*) from candidate.fct_case_population
join candidate.fct_risk_level using (risk_area_id) join candidate.dim_risk_level using (level)
where decided_date between '2024-01-02' and '2025-01-01' and level_date = '2024-12-31' group by 1, 2, 3
"""


@pytest.mark.slow
def test_same_loads_draw_the_same_cases(
    settings: Settings, admin_url: str, dbt: Callable[..., list], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KVALITET_SETTLE_SECONDS", "0")
    generate(Path(settings.inbox.removeprefix("file://")), night=1, complaints=1000)
    loads = {source: extract(settings, source).loads[-1].load_id for source in SOURCES}
    lists = []
    for as_of in ("2025-01-02", "2025-02-01"):  # the round of 2 January is the newest on both days
        variables = {"as_of_date": as_of, "loads": loads}
        selected = ("--select", "+fct_supervision_sample", "--exclude-resource-type", "unit_test")
        assert {str(result.status) for result in dbt("build", *selected, variables=variables)} == {"success"}
        with psycopg.connect(admin_url) as connection:
            lists.append(sorted(connection.execute(SAMPLE).fetchall()))
            decided = connection.execute(DECIDED).fetchall()
    assert lists[0] == lists[1] != []
    follows_the_seed(lists[0])
    takes_what_the_level_says(lists[0], decided)


def follows_the_seed(drawn: list[tuple]) -> None:
    """The draw is repeated here, outside the warehouse."""
    for area, centre in {(row[0], row[1]) for row in drawn}:
        cases = sorted((row[3], row[2], row[4]) for row in drawn if row[:2] == (area, centre))
        digests = [md5(f"{seed}{case}".encode(), usedforsecurity=False).hexdigest() for _, case, seed in cases]
        assert digests == sorted(digests)
        assert [rank for rank, *_ in cases] == list(range(1, len(cases) + 1))


def takes_what_the_level_says(drawn: list[tuple], decided: list[tuple]) -> None:
    assert {row[:2] for row in drawn} == {row[:2] for row in decided}, "each centre with cases has at least one drawn"
    there, wanted = Counter(), {}
    for area, _, cases_per_round, cases in decided:
        there[area] += cases
        wanted[area] = cases_per_round
    assert Counter(row[0] for row in drawn) == {area: min(there[area], wanted[area]) for area in there}


def test_drawn_cases_are_read_by_centre_only(manifest: dict, tmp_path: Path) -> None:
    file = tmp_path / "manifest.json"
    file.write_text(json.dumps(manifest))
    plans = read_catalogue(file).tables
    for name in ("rpt_supervision_sample", "fct_supervision_sample", "fct_case_population", "fct_case_review"):
        assert plans[name].is_row_level and "bi" not in plans[name].readers, name
