"""Makes importable the helpers that plant values in deliveries, and the servers that alerts go to."""

import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[1] / folder) for folder in ("personal_data", "alerts")]
