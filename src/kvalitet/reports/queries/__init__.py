"""Reads what the pages show, as the auditor: `audit` for every build, `reporting` for the published one."""

from kvalitet.reports.queries.audit import build, entries, publication, publication_of, published_now, validation
from kvalitet.reports.queries.base import Connection
from kvalitet.reports.queries.figures import indicators
from kvalitet.reports.queries.record import check_records, source_records, waivers_now

__all__ = [
    "Connection",
    "build",
    "check_records",
    "entries",
    "indicators",
    "publication",
    "publication_of",
    "published_now",
    "source_records",
    "validation",
    "waivers_now",
]
