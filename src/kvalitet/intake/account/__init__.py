"""The account of a delivered file: its records counted by a way that shares nothing with the readers."""

from kvalitet.intake.account.scan import Scan

__all__ = ["Scan"]
