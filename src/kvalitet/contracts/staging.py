"""The contracts as dbt reads them: its sources."""

from collections.abc import Iterable

from kvalitet.contracts.model import Contract


def sources_yaml(contracts: Iterable[Contract], written_by: str) -> str:
    """dbt's sources: the raw tables of the contracts."""
    lines = [f"# Written by {written_by} from the contracts.", "version: 2", "", "sources:"]
    for contract in contracts:
        lines += [
            f"  - name: {contract.id}",
            "    description: Accepted rows of the source's deliveries, with their history. See its contract.",
            "    schema: raw",
            "    tables:",
        ]
        for table in contract.tables.values():
            lines.append(f"      - {{name: {table.name}, identifier: {table.raw_name}}}")
    return "\n".join([*lines, ""])
