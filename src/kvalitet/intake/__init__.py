"""From delivered bytes to typed, pseudonymised history in `raw`."""

from kvalitet.intake.extract import extract
from kvalitet.intake.records import ExtractResult, LoadResult
from kvalitet.intake.replay import replay

__all__ = ["ExtractResult", "LoadResult", "extract", "replay"]
