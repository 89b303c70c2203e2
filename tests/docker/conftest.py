"""The drill is not a package, so its folder is added to the path."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "docker" / "drill"))
