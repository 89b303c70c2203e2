"""What is planted in deliveries, and the servers that alerts go to, as the tests of those have them."""

import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[1] / folder) for folder in ("personal_data", "alerts")]
