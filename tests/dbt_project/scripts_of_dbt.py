"""The scripts of dbt_project/scripts, which are no package, as modules."""

import importlib.util
from pathlib import Path
from types import ModuleType

SCRIPTS = Path(__file__).resolve().parents[2] / "dbt_project" / "scripts"


def load_script(name: str) -> ModuleType:
    """Run a script's file as a module. Its `main` is not called."""
    spec = importlib.util.spec_from_file_location(name, SCRIPTS / f"{name}.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
