"""When a source is stale by its attempts, in whatever order they begin, load and are recorded."""

from datetime import date

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from kvalitet.build.standing import stale_sources
from kvalitet.settings import LOADER, TRANSFORMER, Settings
from kvalitet.warehouse.connection import connect

SOURCE = "organisation"
BAD = ("refused", "failed", "missing")
LOAD = (
    "insert into audit.load (load_id, source_id, delivery, cutoff_date, content_sha256, outcome, contract_version,"
    " contract_sha256, started_at, finished_at) overriding system value values (%s, %s, '2025-01-02', '2025-01-02',"
    " gen_random_uuid()::text, 'accepted', '1', '1', now(), now() + make_interval(secs => %s))"
)
RUN = (
    "insert into audit.extract_run (source_id, outcome, message, started_at, finished_at, knew_of_load)"
    " values (%s, %s, '', now(), now() + make_interval(secs => %s), %s)"
)


@st.composite
def interleavings(draw):
    """Up to five attempts without any lock: (attempt, step) in the order in which the steps happen, and the outcomes.

    An attempt begins, may take one load in, and is recorded. The clock time of each step is drawn too.
    """
    outcomes = draw(st.lists(st.sampled_from(["accepted", "accepted+refused", "nothing_new", *BAD]), max_size=5))
    steps = [
        [(number, "begin"), *([(number, "load")] if "accepted" in outcome else []), (number, "record")]
        for number, outcome in enumerate(outcomes)
    ]
    order = []
    while any(steps):
        chosen = draw(st.sampled_from([left for left in steps if left]))
        order.append(chosen.pop(0))
    clocks = draw(st.lists(st.integers(-90_000, 90_000), min_size=len(order), max_size=len(order)))
    return outcomes, order, clocks


@pytest.mark.slow
@hypothesis_settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(drawn=interleavings())
def test_only_attempts_since_load_count(settings: Settings, drawn) -> None:
    """An attempt counts if it began after the load in use was in, or brought that load."""
    outcomes, order, clocks = drawn
    with connect(settings, LOADER) as connection:
        in_use, made, knew = 0, {0: -1}, dict[int, int]()  # load 0 was there before all of them
        base = connection.execute("select coalesce(max(load_id), 0) + 1000 as n from audit.load").fetchone()
        assert base
        first = base["n"]
        connection.execute(LOAD, [first, SOURCE, 0])
        for (attempt, step), clock in zip(order, clocks, strict=True):
            if step == "begin":
                knew[attempt] = in_use
            elif step == "load":
                in_use += 1
                made[in_use] = attempt
                knew[attempt] = max(knew[attempt], in_use)
                connection.execute(LOAD, [first + in_use, SOURCE, clock])
            else:
                outcome = outcomes[attempt].partition("+")[2] or outcomes[attempt]
                connection.execute(RUN, [SOURCE, outcome, clock, first + knew[attempt]])
    # The expected result, from the order of the steps alone.
    arrived = max((place for place, (_, step) in enumerate(order) if step == "load"), default=-1)
    counting = [
        outcomes[attempt].partition("+")[2] or outcomes[attempt]
        for attempt, step in order
        if step == "record" and (order.index((attempt, "begin")) > arrived or made[in_use] == attempt)
    ]
    expected = {SOURCE: f"last attempt: {counting[-1]}"} if counting and counting[-1] in BAD else {}
    row = {"source_id": SOURCE, "load_id": first + in_use, "cutoff_date": date(2025, 1, 2), "origin": "delivered"}
    with connect(settings, TRANSFORMER) as connection:
        assert stale_sources(settings, connection, [row], date(2025, 1, 2)) == expected


@pytest.mark.parametrize(("knew_of", "stale"), [(None, False), (1, False), (2, True)])
def test_failure_counts_if_it_knew_of_load(settings: Settings, knew_of, stale) -> None:
    with connect(settings, LOADER) as connection:
        for load_id in (1, 2):
            connection.execute(LOAD, [load_id, SOURCE, 0])
        connection.execute(RUN, [SOURCE, "failed", 0, knew_of])
    row = {"source_id": SOURCE, "load_id": 2, "cutoff_date": date(2025, 1, 2), "origin": "delivered"}
    with connect(settings, TRANSFORMER) as connection:
        assert bool(stale_sources(settings, connection, [row], date(2025, 1, 2))) is stale
