"""One sample for all these tests: two nights of 6,000 complaints, read with polars as plain text."""

from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
from kvalitet_example import Truth, generate, truth

Read = Callable[..., pl.DataFrame]


@pytest.fixture(scope="session")
def inbox(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sample")
    generate(folder, night=1)
    generate(folder, night=2)
    return folder


@pytest.fixture(scope="session")
def expected() -> dict[int, Truth]:
    """What must be found after each of the two nights, by the generator."""
    return {1: truth(1), 2: truth(2)}


@pytest.fixture(scope="session")
def read(inbox: Path) -> Read:
    """`read("bif_complaints/klager_2025-01-02.csv")`: every field as text, empty ones as null."""

    def read_file(name: str, encoding: str = "utf-8") -> pl.DataFrame:
        text = (inbox / name).read_bytes().decode(encoding)
        is_quoted = text.startswith('"')  # as the case system exports it
        frame = pl.read_csv(text.encode(), separator="," if is_quoted else ";", infer_schema=False)
        return frame.with_columns(pl.all().replace("", None))

    return read_file
