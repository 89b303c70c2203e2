"""Write what dbt needs to know of an administration: its sources, their columns, and which models add to a fact.

Run it from the checkout after a contract or a model of the administration has changed:
`.venv/bin/python dbt_project/scripts/make_sources.py`.
"""

import sys
from pathlib import Path

from kvalitet.contracts.staging import write_dbt_files
from kvalitet.errors import KvalitetError
from kvalitet.settings import Settings

if __name__ == "__main__":
    try:
        write_dbt_files(Settings.from_environment(Path(__file__).resolve().parents[2]))
    except KvalitetError as error:
        sys.exit(f"{error.what} {error.remedy}")
