"""The exported list holds the cases that the named reader may see, and is the same list each time."""

import csv
import stat
from pathlib import Path

import openpyxl
import psycopg
import pytest

from kvalitet.errors import KvalitetError
from kvalitet.reports.supervision_list import HEADERS, export_sample
from kvalitet.settings import Settings

#: Two areas and three centres. As after publishing, each row is shown by the reader's own rights.
PUBLISHED = """
create schema reporting_detail;
create table reporting_detail.rpt_supervision_sample as
select
    risk_area_id, 'Område ' || risk_area_id as name_da, centre_id, 'Center ' || centre_id as centre_name, case_number,
    place as drawn_rank, '2025-1' as round_id, 'frø' as seed, date '2025-01-02' as drawn_date,
    date '2024-05-01' as decided_date, 3 as level, 40 as stratum_size, 2 as stratum_sample
from (values
    ('a', 'C02', '2024-0004', 1), ('a', 'C01', '2024-0002', 2), ('a', 'C01', '2024-0001', 1),
    ('b', 'C01', '2024-0003', 1), ('b', 'C03', '2024-0005', 1)
) as drawn (risk_area_id, centre_id, case_number, place);
create policy by_centre on reporting_detail.rpt_supervision_sample for select to kvalitet_detail_reader
    using (centre_id in (select audit.centres_of_reader()));
alter table reporting_detail.rpt_supervision_sample enable row level security;
grant usage on schema reporting_detail to kvalitet_detail_reader;
grant select on reporting_detail.rpt_supervision_sample to kvalitet_detail_reader;
"""


@pytest.fixture
def published(admin_url: str) -> None:
    with psycopg.connect(admin_url) as connection:
        connection.execute("drop schema if exists reporting_detail cascade")
        connection.execute(PUBLISHED)


@pytest.fixture
def granted(published: None, admin_url: str) -> None:
    """The detail role was granted C01 and C02, but not C03."""
    with psycopg.connect(admin_url) as connection:
        connection.execute(
            "insert into audit.detail_access"
            " values ('kvalitet_detail', 'C01', 'test'), ('kvalitet_detail', 'C02', 'test')"
        )


def rows(file: Path) -> list[list[str]]:
    with file.open(encoding="utf-8-sig", newline="") as lines:
        return list(csv.reader(lines, delimiter=";"))


def test_list_is_in_order_of_draw(granted: None, settings: Settings, tmp_path: Path) -> None:
    sample = export_sample(settings, tmp_path / "liste.csv")
    header, *drawn = rows(sample.file)
    assert header == list(HEADERS.values())
    number, seed = header.index("Sagsnummer"), header.index("Frø")
    assert [row[number] for row in drawn] == ["2024-0001", "2024-0002", "2024-0004", "2024-0003"]
    assert {row[seed] for row in drawn} == {"frø"} == {sample.seed}
    assert (sample.cases, sample.centres, sample.round_id) == (4, ("C01", "C02"), "2025-1")
    assert stat.S_IMODE(sample.file.stat().st_mode) == 0o600, "it names cases"


def test_list_is_same_twice(granted: None, settings: Settings, tmp_path: Path) -> None:
    first, second = (export_sample(settings, tmp_path / f"{name}.csv").file.read_bytes() for name in "ab")
    assert first == second


def test_workbook_states_seed_and_rule(granted: None, settings: Settings, tmp_path: Path) -> None:
    sample = export_sample(settings, tmp_path / "liste.xlsx", area="b")
    workbook = openpyxl.load_workbook(sample.file)
    assert [row[6] for row in workbook["Stikprøve"].iter_rows(min_row=2, values_only=True)] == ["2024-0003"]
    about = {str(name): str(text) for name, text in workbook["Om stikprøven"].iter_rows(values_only=True)}
    assert about["Frø"] == "frø" and "md5" in about["Regel"]


def test_without_centre_nothing_is_written(published: None, settings: Settings, tmp_path: Path) -> None:
    with pytest.raises(KvalitetError, match="at the centres granted to kvalitet_detail") as refusal:
        export_sample(settings, tmp_path / "liste.csv")
    assert "audit.detail_access" in refusal.value.remedy
    assert not (tmp_path / "liste.csv").exists()


@pytest.mark.parametrize(
    ("name", "area", "what"), [("liste.pdf", None, "neither .csv nor .xlsx"), ("liste.csv", "c", "in the area c")]
)
def test_impossible_export_says_why(
    granted: None, settings: Settings, tmp_path: Path, name: str, area: str | None, what: str
) -> None:
    with pytest.raises(KvalitetError, match=what):
        export_sample(settings, tmp_path / name, area)


def test_no_list_before_first_publication(settings: Settings, tmp_path: Path) -> None:
    with pytest.raises(KvalitetError, match="No publication holds a supervision sample"):
        export_sample(settings, tmp_path / "liste.csv")
