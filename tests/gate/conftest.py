"""The synthetic star of the publication tests, and small suites for it."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "publication"))
