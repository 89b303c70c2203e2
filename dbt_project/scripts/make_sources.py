"""Write dbt's sources (models/staging/_sources.yml) and what staging selects of them (macros/contract_columns.sql).

Run it from the checkout after a contract has changed: `.venv/bin/python dbt_project/scripts/make_sources.py`.
"""

import sys
from pathlib import Path

from kvalitet.contracts import load_contracts
from kvalitet.contracts.staging import columns_macro, sources_yaml
from kvalitet.settings import Settings

PROJECT = Path(__file__).resolve().parents[1]
WRITTEN_BY = "scripts/make_sources.py"


def files() -> dict[Path, str]:
    """Every file that is written, as it should be. Raises SystemExit where a contract cannot be used."""
    contracts = load_contracts(Settings.from_environment(PROJECT.parent)).values()
    if faulty := [contract.id for contract in contracts if contract.problems]:
        sys.exit(f"Nothing is written: see `kvalitet contract` for {', '.join(faulty)}.")
    return {
        PROJECT / "models" / "staging" / "_sources.yml": sources_yaml(contracts, WRITTEN_BY),
        PROJECT / "macros" / "contract_columns.sql": columns_macro(contracts, WRITTEN_BY),
    }


if __name__ == "__main__":
    for path, text in files().items():
        path.write_text(text, encoding="utf-8")
