"""The commands in the shell blocks of documents, and those that the drill runs as docker/README.md writes them."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

BLOCK = re.compile(r"^ *```(sh|bash|shell|console)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
SETTING = re.compile(r"([A-Z][A-Z0-9_]*)=\S*")


@dataclass(frozen=True)
class Command:
    """One command, with its lines joined, and without comments and superfluous spaces."""

    document: str
    text: str


def commands_in(document: str, markdown: str) -> Iterator[Command]:
    for kind, block in BLOCK.findall(markdown):
        lines = block.splitlines()
        if kind == "console":  # an example of a session: what is typed, and its output
            lines = [line.removeprefix("$ ") for line in lines if line.startswith("$ ")]
        for text in _joined(lines):
            if not SETTING.fullmatch(text):
                yield Command(document, text)


def settings_in(markdown: str) -> Iterator[str]:
    """The names of the settings in shell blocks that show an environment file."""
    for _, block in BLOCK.findall(markdown):
        yield from (found[1] for text in _joined(block.splitlines()) if (found := SETTING.fullmatch(text)))


def _joined(lines: list[str]) -> Iterator[str]:
    """Commands of one line or several. A backslash, an open quote or `&&` at the end continues in the next line."""
    pending = ""
    for line in lines:
        text, is_open = without_comment(f"{pending}\n{line}" if pending else line)
        if is_open or text.endswith(("\\", "&&", "|")):
            pending = text.removesuffix("\\")
            continue
        pending = ""
        if joined := " ".join(text.split()):
            yield joined
    assert not pending, f"a shell block ends within a command: {pending}"


def without_comment(text: str) -> tuple[str, bool]:
    """The text up to a comment, and whether a quote is still open at its end."""
    quote, place = "", 0
    while place < len(text):
        character = text[place]
        if quote:
            if character == "\\" and quote == '"':
                place += 1
            elif character == quote:
                quote = ""
        elif character == "\\":
            place += 1
        elif character in "'\"":
            quote = character
        elif character == "#" and (place == 0 or text[place - 1].isspace()):
            return text[:place].rstrip(), False
        place += 1
    return text.rstrip(), bool(quote)


def run_by_the_drill(folder: Path) -> set[str]:
    """Every text that a step of the drill passes to `documented`, which runs it word for word."""
    found = set()
    for file in folder.glob("*.py"):
        tree = ast.parse(file.read_text())
        constants = {
            name.id: node.value
            for node in tree.body
            if isinstance(node, ast.Assign)
            for target in node.targets
            for name in [target]
            if isinstance(name, ast.Name)
        }
        for call in ast.walk(tree):
            if not (isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute)):
                continue
            if call.func.attr == "documented":
                for argument in call.args:
                    value = constants.get(argument.id) if isinstance(argument, ast.Name) else argument
                    if isinstance(value, ast.Constant) and isinstance(value.value, str):
                        found.add(" ".join(value.value.split()))
    return found
