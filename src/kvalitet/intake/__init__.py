"""From delivered bytes to typed, pseudonymised history in `raw`."""

from kvalitet.intake.extract import ExtractResult, LoadResult, extract

__all__ = ["ExtractResult", "LoadResult", "extract"]
