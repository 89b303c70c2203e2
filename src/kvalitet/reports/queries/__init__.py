"""What the pages show, read as the auditor: `audit` for every build, `reporting` for the published one."""

from kvalitet.reports.queries.audit import build, entries, publication, publication_of, published_now, validation
from kvalitet.reports.queries.base import Connection
from kvalitet.reports.queries.figures import indicators

__all__ = [
    "Connection",
    "build",
    "entries",
    "indicators",
    "publication",
    "publication_of",
    "published_now",
    "validation",
]
