"""Every command that a document shows is run somewhere, and every command and setting that it names exists."""

import ast
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

sys.path.insert(0, str(Path(__file__).parent))
from commands import Command, commands_in, run_by_the_drill, settings_in, without_comment

ROOT = Path(__file__).parents[2]
WORKFLOW = ROOT / ".github" / "workflows" / "ci.yml"
DOCUMENTS = [
    ROOT / name
    for name in subprocess.run(
        ["git", "ls-files", "*.md"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()
]

#: Where a command is run that the drill does not run: a test, or a job of the workflow (`ci: job`) that holds it.
RUN_BY = {
    "make run": "ci: readme",
    "make test": "ci: test",
    "make lint": "ci: lint",
    ".venv/bin/pre-commit install": "ci: lint",
    "git clone … && cd kvalitet": "ci: checkout",
    "cd docker": "every command of the drill",
    # An own Postgres is named by the same two settings, and prepared and used without them.
    "export KVALITET_DATABASE_URL=postgresql://db.example.dk:5432/kvalitet": (
        "tests/end_to_end/test_own_postgres.py::"
        "test_two_nights_on_an_own_postgres_15_the_second_with_a_broken_source"
    ),
    "export KVALITET_ADMIN_URL=postgresql://admin:…@db.example.dk:5432/postgres": (
        "tests/end_to_end/test_own_postgres.py::"
        "test_two_nights_on_an_own_postgres_15_the_second_with_a_broken_source"
    ),
}


def shown() -> list[Command]:
    return [
        command
        for document in DOCUMENTS
        for command in commands_in(document.relative_to(ROOT).as_posix(), document.read_text(encoding="utf-8"))
    ]
