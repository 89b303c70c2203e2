"""Decides which contract reads a file where two of them would read the same."""

import unicodedata
from collections.abc import Iterable
from dataclasses import replace

from kvalitet.contracts.model import Contract, Table


def settle_claims(contracts: Iterable[Contract]) -> dict[str, Contract]:
    """The contracts by id. One that would read another's files gets that as a problem, and reads nothing.

    A copy under another id would keep every row, and every person in it, twice. Two contracts may read files of one
    folder by different names, or different sheets of one workbook. The files belong to the contract whose id is the
    folder's name, otherwise to the first by id.
    """
    settled: dict[str, Contract] = {}
    owners: dict[tuple[str, str, str], str] = {}
    for contract in sorted(contracts, key=lambda one: (one.id != one.folder.rsplit("/", 1)[-1], one.id)):
        claims = {claim: table for table in contract.tables.values() if (claim := _claim(contract, table))}
        taken = {claim: table for claim, table in claims.items() if claim in owners}
        if taken and not contract.problems:  # a contract that reads nothing anyway needs no further problem
            problems = (
                f"schema {table.name}: {table.file_pattern} in {contract.folder} is read by the contract"
                f" {owners[claim]}"
                for claim, table in taken.items()
            )
            contract = replace(contract, problems=tuple(problems))
        if not taken:
            owners |= dict.fromkeys(claims, contract.id)
        settled[contract.id] = contract
    return dict(sorted(settled.items()))


def _claim(contract: Contract, table: Table) -> tuple[str, str, str] | None:
    """(folder, pattern of the name, sheet) from which a table is read. None where it is fetched or not stated."""
    if contract.location or not (contract.folder and table.file_pattern):
        return None
    sheet = unicodedata.normalize("NFC", table.sheet or "").casefold() if contract.file_format == "xlsx" else ""
    return contract.folder, table.file_pattern, sheet
