"""Write what dbt needs to know of an administration: its sources, their columns, and which models add to a fact.

Run it from the checkout after a contract or a model of the administration has changed:
`.venv/bin/python dbt_project/scripts/make_sources.py`. For the example, the shapes are written too: the columns that
the models expect of each delivery, so that they are there, empty, where an administration has no contract for it.
"""

import sys
from pathlib import Path

from kvalitet.contracts import load_contracts
from kvalitet.contracts.staging import areas_macro, columns_macro, shapes_macro, sources_yaml
from kvalitet.settings import Settings
from kvalitet.settings.administration import EXAMPLE

PROJECT = Path(__file__).resolve().parents[1]
WRITTEN_BY = "make_sources.py"


def files(settings: Settings) -> dict[Path, str]:
    """Every file that is written, as it should be. Raises SystemExit where a contract cannot be used."""
    contracts = load_contracts(settings).values()
    if faulty := [contract.id for contract in contracts if contract.problems]:
        sys.exit(f"Nothing is written: see `kvalitet contract` for {', '.join(faulty)}.")
    folder = settings.administration.folder
    own_models = (file.stem for file in settings.administration.models.rglob("*.sql"))
    written = {
        settings.administration.models / "staging" / "_sources.yml": sources_yaml(contracts, WRITTEN_BY),
        folder / "macros" / "contract_columns.sql": columns_macro(contracts, WRITTEN_BY),
        folder / "macros" / "own_areas.sql": areas_macro(own_models, WRITTEN_BY),
    }
    if folder == settings.root / EXAMPLE:
        written[PROJECT / "macros" / "delivery_shapes.sql"] = shapes_macro(contracts, WRITTEN_BY)
    return written


if __name__ == "__main__":
    for path, text in files(Settings.from_environment(PROJECT.parent)).items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
