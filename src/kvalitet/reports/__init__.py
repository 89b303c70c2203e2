"""The report site: self-contained pages of every publication and of every night that was held back."""

from kvalitet.reports.site import write_site

__all__ = ["write_site"]
