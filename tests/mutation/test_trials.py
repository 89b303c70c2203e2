"""A few mutations of a real candidate through the real gate."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

from kvalitet.build.builds import get_build
from kvalitet.errors import KvalitetError
from kvalitet.gate import Verdict, load_suites
from kvalitet.gate.judging import measure_build
from kvalitet.mutation import load_mutations
from kvalitet.mutation.incident_trials import try_in_candidate
from kvalitet.mutation.incidents import Candidate, Incident
from kvalitet.mutation.place import keep_copy, own_folders, own_installation
from kvalitet.mutation.registry import Mutation, Rows, Size
from kvalitet.mutation.trials import Deliveries, Trial, build_all, take_in, that_read, try_candidate
from kvalitet.settings import GATE, Settings
from kvalitet.warehouse import server

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[2]
EXAMPLE = Settings(ROOT, ROOT, "", "", "").administration
MUTATIONS = {mutation.id: mutation for mutation in load_mutations(EXAMPLE.mutations)}
TOUCHED = ("fct_complaint", "fct_complaint_point", "fct_delivery_check", "dim_theme", "fct_source_load")

AS_OF_2052 = Mutation(
    id="as_of_in_the_future",
    name_da="Tallene er opgjort til en dag, der ikke er kommet",
    name_en="The figures are as of a day that has not come",
    imitates_da="En fejlskrevet skæringsdag, som en opbygning har taget som sin dag.",
    imitates_en="A mistyped cut-off that a build has taken for its day.",
    has_sizes=False,
    rows=Rows(table="fct_source_load"),
    sql="update audit.build set as_of_date = date '2052-02-03'"
    " where build_id = (select max(build_id) from audit.build);",
)


@dataclass(frozen=True)
class Good:
    candidate: Settings
    build_id: int
    clean: Verdict

    def attempt(self, mutation: Mutation, size: Size) -> Trial:
        return try_candidate(self.candidate, self.build_id, self.clean, mutation, size, "attempt")

    def databases(self) -> set[str]:
        with psycopg.connect(server.admin_url(self.candidate)) as admin:
            return {name for (name,) in admin.execute("select datname from pg_database where not datistemplate")}


@pytest.fixture(scope="module")
def good() -> Iterator[Good]:
    """One night of the sample, built, finished, and judged by the checks that the mutations below need."""
    with ExitStack() as places:
        installation = places.enter_context(own_installation(Settings(ROOT, ROOT, "", "", "")))
        copy = keep_copy(installation, installation.database, "candidate")
        candidate = places.enter_context(own_folders(copy, "candidate"))
        Deliveries("fictional", 2019, 2000).write(Path(candidate.inbox.removeprefix("file://")), 1)
        assert take_in(candidate) == []
        build = get_build(candidate, build_all(candidate, "test").build_id, GATE)
        _, measured = measure_build(candidate, build, that_read(TOUCHED, load_suites(candidate)), None)
        clean = Verdict(build.build_id, tuple(measured))
        assert clean.blocking == []
        yield Good(candidate, build.build_id, clean)


def test_gate_judges_spoilt_candidates(good: Good):
    """One build serves all of these checks, because it takes most of a minute."""
    there_before = good.databases()
    lost = good.attempt(MUTATIONS["complaints_lost"], "row")
    assert (lost.outcome, lost.rows) == ("blocked", 1)
    # The points have one complaint too many, the indicator one more than the facts, and intake one more than the star.
    assert {"fct_source_load_facts_as_delivered", "fct_indicator_value_complaints_as_facts"} <= set(lost.critical)

    doubled = good.attempt(MUTATIONS["complaints_doubled"], "percent")
    assert doubled.rows == round(doubled.among / 100)
    assert {"catalogue_is_complete", "fct_complaint_case_number_unique"} <= set(doubled.critical)

    garbled = good.attempt(MUTATIONS["names_garbled"], "row")
    assert garbled.critical == ("dim_theme_name_da_readable",)

    # A single wrong row of 150 gives a warning. A tenth of the rows stops the night.
    hours = MUTATIONS["hours_in_minutes"]
    assert good.attempt(hours, "row").outcome == "warned"
    assert "fct_delivery_check_hours_in_hours" in good.attempt(hours, "tenth").critical

    mistyped = good.attempt(AS_OF_2052, "whole")
    assert mistyped.outcome == "blocked"
    assert "fct_source_load_as_of_date_not_in_the_future" in mistyped.critical

    nothing = hours.model_copy(update={"rows": Rows(table="fct_delivery_check", where="hours_agreed < 0")})
    with pytest.raises(KvalitetError, match="changes nothing"):
        good.attempt(nothing, "row")
    assert good.databases() == there_before, "every copy is gone"


def test_incident_is_judged_by_whole_gate(good: Good):
    """Complaints counted twice in the figures alone: the figures moved, and a check sees that the facts have fewer."""
    incident = Incident(
        id="complaints_counted_twice",
        kind="DUP",
        what="A join counts each complaint twice, in the figures and nowhere else.",
        seen_at="https://kvalitet.example/incident",
        candidate=Candidate(
            table="fct_indicator_value",
            sql="update fct_indicator_value set value = 2 * value, numerator = 2 * numerator"
            " where indicator_id = 'klager_modtaget' and value is not null;",
        ),
    )
    tried = try_in_candidate(good.candidate, good.build_id, good.clean, incident, "attempt")
    assert tried.outcome == "blocked"
    assert "fct_indicator_value_complaints_as_facts" in tried.critical
    assert tried.moved is not None
    assert tried.moved.most.startswith("klager_modtaget ")
    assert tried.moved.before is not None and tried.moved.after == 2 * tried.moved.before
