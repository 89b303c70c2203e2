"""Stars made by hand, as the tests of publication make them."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "publication"))
