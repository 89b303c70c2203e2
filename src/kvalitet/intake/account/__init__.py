"""Counts the records of a delivered file independently of the readers, sharing no code with them."""

from kvalitet.intake.account.scan import Scan

__all__ = ["Scan"]
