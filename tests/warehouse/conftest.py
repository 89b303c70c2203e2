"""Makes the hand-made stars of the publication tests importable."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "publication"))
