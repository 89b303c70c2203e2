"""What a delivered file does to the programs that read it: no other attempt mends that, so it is a refusal."""

import re
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from kvalitet.errors import DeliveryRefused, KvalitetError

#: Of the machine or of what is installed, not of the file.
_OF_THE_MACHINE = (
    OSError, MemoryError, ImportError,
    duckdb.IOException, duckdb.OutOfMemoryException, duckdb.InterruptException, duckdb.FatalException,
)  # fmt: skip
#: Classes of SQLSTATE that speak of the data: data exception, integrity constraint violation.
_OF_THE_DATA = ("22", "23")
_RECORD = re.compile(r"\bLine: (\d+)")


@contextmanager
def refused_if_unreadable(name: str) -> Iterator[None]:
    """Turn an unforeseen error about the file `name` (with its sheet) into DeliveryRefused, without what it said.

    Errors of the machine or of the database's own pass: another attempt may mend them.
    """
    try:
        yield
    except (KvalitetError, *_OF_THE_MACHINE):
        raise
    except Exception as error:
        sqlstate = getattr(error, "sqlstate", None)
        if hasattr(error, "sqlstate") and not str(sqlstate or "").startswith(_OF_THE_DATA):
            raise
        # Parsers and databases repeat delivered values; a number is none.
        record = _RECORD.search(str(error)) if isinstance(error, duckdb.Error) else None
        raise DeliveryRefused(
            f"{name} cannot be read{f', near record {record[1]}' if record else ''}: {kind(error)}.",
            "Ask for it saved anew. If it is in order, this is a fault of Kvalitet: report its kind, and take the"
            " delivery in with `kvalitet replay LOAD` once it is mended.",
        ) from None


def kind(error: Exception) -> str:
    """The kind of an error and where in the code it arose; not what it says, which may repeat delivered values."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__} at {Path(frame.filename).name}:{frame.lineno}"
