"""All of this also works on the oldest Postgres that is supported."""

from pathlib import Path
from urllib.parse import urlsplit

import pytest
import synthetic

from kvalitet.publication import publish, rollback
from kvalitet.services import preparing
from kvalitet.settings import BI, DETAIL, Settings
from kvalitet.warehouse.connection import fetch_all


@pytest.mark.slow
def test_publishes_twice_and_rolls_back(debian_server: str, warehouse_server: Settings, tmp_path: Path) -> None:
    address = urlsplit(debian_server)
    settings = Settings(
        root=warehouse_server.root, var=tmp_path / "var", inbox=f"file://{tmp_path}/inbox",
        server=f"{address.hostname}:{address.port}", database="kvalitet",
    )  # fmt: skip
    preparing.prepare(settings, debian_server)
    builds = []
    for number in (1, 2):
        builds.append(synthetic.passed_build(settings, tmp_path))
        assert publish(settings, builds[-1]).publication_id == number

    rollback(settings, "prøve")

    assert fetch_all(settings, BI, "select build_id from reporting.publication") == [{"build_id": builds[0]}]
    assert fetch_all(settings, DETAIL, "select * from reporting_detail.fct_complaint") == [], "no centre was granted"
