"""The drill is no package: its modules are found where they lie."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "docker" / "drill"))
