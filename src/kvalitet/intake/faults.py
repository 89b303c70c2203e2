"""Sorts errors that occur while a delivery is read by their cause: the file, the machine, or the program itself.

An error that the file causes in the programs that read it would occur at every attempt, so it is a refusal.
"""

import re
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from kvalitet.errors import DeliveryRefused, KvalitetError, OwnFault

#: Errors of the machine or of what is installed, not of the file.
_OF_THE_MACHINE = (
    OSError, MemoryError, ImportError,
    duckdb.IOException, duckdb.OutOfMemoryException, duckdb.InterruptException, duckdb.FatalException,
)  # fmt: skip
#: Errors that, where the package's own code raises them, mean that this code is wrong. They are reported as such,
#: whatever the file holds.
_OF_THE_PROGRAM = (
    AssertionError, AttributeError, LookupError, NameError, NotImplementedError, TypeError, ZeroDivisionError,
)  # fmt: skip
_PACKAGE = Path(__file__).parents[1]
#: Classes of SQLSTATE about the data: data exception, integrity constraint violation.
_OF_THE_DATA = ("22", "23")
_RECORD = re.compile(r"\bLine: (\d+)")


@contextmanager
def refused_if_unreadable(name: str) -> Iterator[None]:
    """Turn an unforeseen error about the file `name` (with its sheet) into DeliveryRefused, without its message.

    An error of this package's own code becomes OwnFault. Errors of the machine or of the database itself pass, since
    another attempt may succeed.
    """
    try:
        yield
    except (KvalitetError, *_OF_THE_MACHINE):
        raise
    except Exception as error:
        sqlstate = getattr(error, "sqlstate", None)
        if hasattr(error, "sqlstate") and not str(sqlstate or "").startswith(_OF_THE_DATA):
            raise
        if is_own_fault(error):
            raise own_fault(f"{name} could not be read", error) from None
        # Parsers and databases repeat delivered values, but a record number is not one.
        record = _RECORD.search(str(error)) if isinstance(error, duckdb.Error) else None
        raise DeliveryRefused(
            f"{name} cannot be read{f', near record {record[1]}' if record else ''}: {kind(error)}.",
            "Ask for it saved anew. If it is in order, report this kind of error as one of Kvalitet's, and take the"
            " delivery in with `kvalitet replay LOAD` once it is mended.",
        ) from None


def is_own_fault(error: BaseException) -> bool:
    """Whether the error arose in this package's own code, not in a parser or a driver that it calls."""
    frames = traceback.extract_tb(error.__traceback__)
    return isinstance(error, _OF_THE_PROGRAM) and bool(frames) and Path(frames[-1].filename).is_relative_to(_PACKAGE)


def own_fault(what: str, error: Exception) -> OwnFault:
    """The error as a fault of the program, without its message."""
    return OwnFault(
        f"{what}: {kind(error)}. This is a fault of Kvalitet, not of the delivery; nothing was taken in.",
        "Report this kind of error; nobody needs to ask the source. Once it is mended, the next extract takes the"
        " delivery in.",
    )


def kind(error: Exception) -> str:
    """The kind of an error and where in the code it arose, without its message, which may repeat delivered values."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__} at {Path(frame.filename).name}:{frame.lineno}"
