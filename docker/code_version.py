"""Prints the commit that an image is built from: `code_version.py CHECKOUT [STATED]`. Runs only in the build.

`+changes` follows where a file in the build's context differs from the commit, is not in it, or is missing. STATED is
printed as it is. It is for a context without git (an archive, or a worktree, whose `.git` is a file).
"""

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

IGNORE = "docker/Dockerfile.dockerignore"
STATE_IT = "State it: KVALITET_CODE_VERSION=$(git rev-parse HEAD) docker compose build"


def main(checkout: Path, stated: str = "") -> str:
    if stated:
        return stated
    commit, files = _committed(checkout)
    sent = {path.relative_to(checkout).as_posix(): path for path in _files(checkout)}
    wanted = {name for name in files if _is_sent(name, (checkout / IGNORE).read_text())}
    is_changed = sent.keys() != wanted or any(_blob_id(path) != files[name] for name, path in sent.items())
    return commit + ("+changes" if is_changed else "")


def _committed(checkout: Path) -> tuple[str, dict[str, bytes]]:
    """The commit that HEAD names, and the blob of every file in it. Exits where git's own files do not say."""
    from dulwich.errors import NotGitRepository
    from dulwich.object_store import iter_tree_contents
    from dulwich.repo import Repo

    try:
        repository = Repo(str(checkout))
        head = repository.head()
        commit: Any = repository[head]
        entries = iter_tree_contents(repository.object_store, commit.tree)
        return head.decode(), {entry.path.decode(): entry.sha for entry in entries}
    except (NotGitRepository, KeyError, ValueError, OSError) as error:
        sys.exit(
            "The build cannot tell from .git which commit it is made from"
            f" ({type(error).__name__}: an archive, a worktree or an unusual kind of repository). {STATE_IT}"
        )


def _files(checkout: Path) -> Iterator[Path]:
    for path in checkout.rglob("*"):
        if ".git" not in path.relative_to(checkout).parts[:1] and (path.is_symlink() or path.is_file()):
            yield path


def _is_sent(name: str, ignore: str) -> bool:
    """Whether a committed file belongs to the context, that is, lies below a line that begins with `!`."""
    let_in = re.findall(r"^!(.+)$", ignore, re.MULTILINE)
    return any(name == place or name.startswith(f"{place}/") for place in let_in)


def _blob_id(path: Path) -> bytes:
    from dulwich.objects import Blob

    content = str(path.readlink()).encode() if path.is_symlink() else path.read_bytes()
    return Blob.from_string(content).id


if __name__ == "__main__":
    print(main(Path(sys.argv[1]), *sys.argv[2:3]))
