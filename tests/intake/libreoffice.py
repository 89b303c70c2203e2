"""LibreOffice, as a program of others that writes files."""

import shutil
import subprocess
from pathlib import Path

import pytest

needs_libreoffice = pytest.mark.skipif(not shutil.which("soffice"), reason="LibreOffice is not installed")
#: The filter that writes the first sheet as text: delimiter, quote, UTF-8, from the first row, cells as shown.
AS_CSV = "csv:Text - txt - csv (StarCalc):{delimiter},34,76,1"


def convert(files: list[Path], to: str, folder: Path) -> None:
    """Save each file again into `folder`, under its own name. One call saves all, because it starts slowly."""
    home = folder.parent / "libreoffice"
    command = ["soffice", f"-env:UserInstallation=file://{home}", "--headless", "--convert-to", to]
    subprocess.run([*command, "--outdir", str(folder), *map(str, files)], check=True, capture_output=True)
