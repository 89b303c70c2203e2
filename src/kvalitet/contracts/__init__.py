"""Delivery contracts: what each source promises, in the Open Data Contract Standard 3.x."""

from kvalitet.contracts.model import Column, Contract, QualityRule, Table
from kvalitet.contracts.reader import find_contract, load_contracts, read_beside, read_contract
from kvalitet.contracts.service_levels import is_cron

__all__ = [
    "Column", "Contract", "QualityRule", "Table",
    "find_contract", "is_cron", "load_contracts", "read_beside", "read_contract",
]  # fmt: skip
