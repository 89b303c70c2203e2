"""The types of the fixtures that make warehouses (conftest.py)."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

from kvalitet.settings import Settings

#: Makes a fresh warehouse below a folder.
NewWarehouse = Callable[[Path], AbstractContextManager[Settings]]
#: Makes the test's warehouse a copy of the given one, and returns the test's.
Become = Callable[[Settings], Settings]
