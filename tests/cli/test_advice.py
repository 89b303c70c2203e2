"""Every `kvalitet …` command in messages, comments, pages and documents is checked against the real command line."""

import ast
import re
import shlex
import subprocess
from pathlib import Path
from typing import Any

import pytest
import typer

from kvalitet.cli.app import app

ROOT = Path(__file__).resolve().parents[2]
#: Not checked: the tests, publications of others, and notes on earlier versions.
ELSEWHERE = ("tests/", "example/src/kvalitet_example/published/", "uv.lock", "CHANGELOG.md")
SUFFIXES = ("", ".py", ".md", ".sql", ".yaml", ".yml", ".sh", ".j2", ".toml", ".po")
#: A command in backticks. It may go on in the next line, follow a variable, or stand in `$(…)`.
QUOTED = re.compile(r"`((?:[^`\n]{0,60}[\s($/])?kvalitet\s(?:[^`\n]|\n(?!\s*\n)){1,300})`")
#: A command at the beginning of a line in a block, perhaps after a variable or a prompt.
LINE = re.compile(r"^[ \t]*(?:\$ )?(?:[A-Z_]+=\S+ )*(?:\S*bin/)?kvalitet [^\n]*", re.MULTILINE)
BLOCK = re.compile(r"^[ \t]*```\w*\n(.*?)^[ \t]*```", re.DOTALL | re.MULTILINE)


def problem(command: str) -> str | None:
    """What is wrong with the command by the command line, or None. The words that stand for values are not checked."""
    called = re.search(r"(?:^|[\s($]|bin/)kvalitet(?:\s+([^|;&)#>]*)|$)", command)
    if not called or "promises.py" in command:  # here it is the name of the compose project
        return None
    try:
        words = shlex.split(called[1] or "")
    except ValueError:
        words = (called[1] or "").split()
    here: Any = typer.main.get_command(app)
    while hasattr(here, "commands") and words and not words[0].startswith("-"):
        name = words.pop(0)
        if name in ("…", "..."):
            return None
        if name not in here.commands:
            return f"there is no command {name}"
        here = here.commands[name]
    options = {name: each for each in here.params for name in (*each.opts, *each.secondary_opts)}
    room = sum(1 for each in here.params if each.param_type_name == "argument")
    room += 99 * any(each.nargs == -1 for each in here.params)
    while words:
        word = words.pop(0)
        name, equals, _ = word.partition("=")
        if name in ("--help", "-h", "…", "...", "\\"):
            continue
        if not name.startswith("-"):
            room -= 1
            if room < 0:
                return f"{here.name} takes no further argument: {word}"
            continue
        if name not in options:
            return f"{here.name} has no option {name}"
        if not getattr(options[name], "is_flag", False) and not equals and words:
            words.pop(0)
    return None


def strings(source: str) -> list[str]:
    """The texts in a Python file, with an X in the place of each inserted value."""
    nodes = list(ast.walk(ast.parse(source)))
    mixed = [node for node in nodes if isinstance(node, ast.JoinedStr)]
    inner = {id(part) for node in mixed for part in node.values}
    whole = [node.value for node in nodes if isinstance(node, ast.Constant) and id(node) not in inner]
    return [
        "".join(str(part.value) if isinstance(part, ast.Constant) else "X" for part in node.values) for node in mixed
    ] + [text for text in whole if isinstance(text, str)]


def named(file: Path) -> list[str]:
    text = file.read_text()
    if file.suffix == ".py":
        comments = "\n".join(line.partition("# ")[2] for line in text.splitlines())
        quoted = [found for part in (*strings(text), comments) for found in QUOTED.findall(part)]
        return quoted + [found for part in strings(text) for found in re.findall(r"Next: (kvalitet [^`.]*)", part)]
    blocks = BLOCK.findall(text) if file.suffix == ".md" else [text] if file.suffix in ("", ".sh") else []
    prose = BLOCK.sub("", text) if file.suffix == ".md" else text
    coded = re.findall(r"<code>(kvalitet [^<]*)</code>", re.sub(r"\{\{.*?\}\}", "X", text))
    return (
        coded
        + QUOTED.findall(prose)
        + [found for block in blocks for found in LINE.findall(block.replace("\\\n", " "))]
    )


def files() -> list[Path]:
    kept = subprocess.run(["git", "ls-files"], cwd=ROOT, check=True, capture_output=True, text=True).stdout.split("\n")
    return [
        ROOT / name
        for name in kept
        if name
        and not name.startswith(ELSEWHERE)
        and Path(name).suffix in (*SUFFIXES, ".py")
        and (ROOT / name).is_file()
    ]


def test_every_named_command_exists() -> None:
    wrong, count = [], 0
    for file in files():
        for command in named(file):
            count += 1
            if found := problem(" ".join(command.split())):
                wrong.append(f"{file.relative_to(ROOT)}: `{' '.join(command.split())}`: {found}")
    assert not wrong, "\n" + "\n".join(wrong)
    assert count > 150, "the commands are not found any more"


@pytest.mark.parametrize(
    ("command", "found"),
    [
        ("kvalitet validate --build 2", "validate has no option --build"),
        ("kvalitet validate 2", None),
        ("kvalitet validat 2", "there is no command validat"),
        ("kvalitet person forget", "there is no command forget"),
        ("kvalitet publish 1 2", "publish takes no further argument: 2"),
        ("KVALITET_VAR=x .venv/bin/kvalitet up --without-airflow", None),
        ("psql $(kvalitet dsn --role bi)", None),
        ("kvalitet status --json | jq .publication", None),
        ("kvalitet withdraw LOAD --reason '…'", None),
        ("kvalitet restatement 1 2 --since=2024", "restatement has no option --since"),
    ],
)
def test_command_is_judged_as_when_typed(command: str, found: str | None) -> None:
    assert problem(command) == found


def test_commands_are_found_in_messages() -> None:
    source = "raise Error(f'It is {x}.', f'Run `kvalitet validate --build {x}`' ' or `kvalitet\\nup`.')"
    assert [found for text in strings(source) for found in QUOTED.findall(text)] == [
        "kvalitet validate --build X",
        "kvalitet\nup",
    ]
