"""A number must be a multiple of the agreed step, and keys of several columns are never mixed up."""

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from kvalitet.contracts import Column, Contract, Table
from kvalitet.intake.reading import reading
from kvalitet.intake.spool import SpooledFile

pytestmark = pytest.mark.slow
CUTOFF = date(2025, 1, 2)


def read(folder: Path, columns: tuple[Column, ...], *lines: str) -> list[dict]:
    table = Table("source", "table", "", "t_{cutoff}.csv", False, columns)
    contract = Contract(
        "source", "", "", "", file_format="csv", encoding="utf-8", delimiter=";", decimal_sign=",",
        tables={"table": table},
    )  # fmt: skip
    path = folder / "spool"
    path.write_text("\n".join([";".join(column.header for column in columns), *lines, ""]))
    with reading(
        contract, table, SpooledFile("t.csv", 0, "", path, original=path), (b"k" * 32,), folder, CUTOFF
    ) as batches:
        return batches.batches.read_all().to_pylist()


@pytest.mark.parametrize(
    ("kind", "scale", "step", "good", "bad"),
    [
        ("integer", 6, "5", ["0", "15", "-20", ""], ["1", "-7", "9223372036854775806"]),
        ("number", 2, "0.05", ["0,1", "1,15", "-3", "99999999999999,95", ""], ["0,01", "-0,07", "1,16"]),
        ("integer", 6, "2.5", ["5", "-10"], ["2", "3"]),
    ],
)
def test_number_off_agreed_step_is_set_aside(tmp_path, kind, scale, step, good, bad) -> None:
    columns = (
        Column("id", "id", "integer", "", "internal", key_position=1),
        Column("amount", "amount", kind, "", "internal", scale=scale, step=Decimal(step), maximum=1e30),
    )
    rows = read(tmp_path, columns, *[f"{number};{value}" for number, value in enumerate([*good, *bad])])
    assert [row["problems"] for row in rows] == [None] * len(good) + ["amount:not_a_multiple"] * len(bad)


def test_keys_with_separator_stay_apart(tmp_path) -> None:
    columns = (
        Column("first", "first", "string", "", "internal", key_position=1),
        Column("second", "second", "string", "", "internal", key_position=2),
        Column("count", "count", "integer", "", "internal"),
    )
    rows = read(tmp_path, columns, "a|b;c;x", "a;b|c;x", "a\\;b;x", "a;|b;x", "a;b;x")
    keys = [row["row_key"] for row in rows]
    assert keys[-1] == "a|b"
    assert len(set(keys)) == len(rows)
