"""An evidence bundle as its receiver has it: unpacked, and checked by its own script."""

import subprocess
import sys
import zipfile
from pathlib import Path


def check(folder: Path, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run verify.py from the bundle in an interpreter that cannot import our package."""
    command = [sys.executable, "-P", folder / "verify.py", *arguments]
    return subprocess.run(command, capture_output=True, text=True, cwd=folder, env={}, check=False)


def unpacked(bundle: Path) -> Path:
    folder = bundle.with_suffix("")
    with zipfile.ZipFile(bundle) as file:
        file.extractall(folder)
    return folder
