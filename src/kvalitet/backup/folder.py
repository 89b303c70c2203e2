"""A folder that is complete or absent: written under a `.partial` name, listed with digests, renamed at the end.

`manifest.json` lists every other file with its size and SHA-256. `manifest.sha256` holds the manifest's own digest.
"""

import fcntl
import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from kvalitet.errors import KvalitetError

FORMAT = 1
MANIFEST, DIGEST = "manifest.json", "manifest.sha256"
PARTIAL = ".partial"
_MADE_BY = "kvalitet backup"
_LOCK = ".writing"
#: The fields of a manifest that a restore reads.
_FIELDS = {
    "data": (
        *("installation", "made_at", "code_version", "migration", "postgres", "pg_dump", "fits", "roles", "readers"),
        *("airflow", "contracts", "kept_files_missing"),
    ),
    "keys": ("installation", "made_at"),
}


@dataclass(frozen=True)
class Folder:
    """A folder that was checked. `sha256` is its manifest's digest, which identifies it."""

    path: Path
    manifest: dict[str, Any]
    sha256: str

    @property
    def made_at(self) -> datetime:
        return datetime.fromisoformat(self.manifest["made_at"])

    def files(self, under: str) -> list[str]:
        """The names of the files below a subfolder, relative to it. All names where `under` is empty."""
        if not under:
            return list(self.manifest["files"])
        return [name.removeprefix(f"{under}/") for name in self.manifest["files"] if name.startswith(f"{under}/")]


@contextmanager
def writing(parent: Path, name: str) -> Iterator[Path]:
    """Yield the folder to write into. It is removed where the block fails, and after a kill at the next start.

    Raises KvalitetError where it cannot be made or the disk is full.
    """
    partial = parent / f"{name}{PARTIAL}"
    try:
        parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        _remove_leftovers(parent)
        partial.mkdir(mode=0o700)
        with open(partial / _LOCK, "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            try:
                yield partial
                (partial / _LOCK).unlink()
                _sync(partial)
                partial.rename(parent / name)
                _sync(parent)
            except BaseException:
                shutil.rmtree(partial, ignore_errors=True)
                raise
    except OSError as error:
        raise KvalitetError(
            f"The backup could not be written to {parent}: {error.strerror or type(error).__name__}.",
            "Make room or choose another folder (--to); nothing was kept.",
        ) from None


def _remove_leftovers(parent: Path) -> None:
    for lock_file in parent.glob(f"*{PARTIAL}/{_LOCK}"):
        with open(lock_file) as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                continue  # somebody else is writing it
            shutil.rmtree(lock_file.parent, ignore_errors=True)


def finish(partial: Path, kind: str, facts: dict[str, Any]) -> str:
    """Write the manifest of all that is in the folder, with `facts`. Everything is on the disk when this returns.

    Returns the manifest's digest.
    """
    files = {}
    for path in _walk(partial):
        if path.name == _LOCK:
            continue
        with path.open("rb") as source:
            os.fsync(source.fileno())
            sha256 = hashlib.file_digest(source, "sha256").hexdigest()
        path.chmod(0o600)
        files[path.relative_to(partial).as_posix()] = {"bytes": path.stat().st_size, "sha256": sha256}
    manifest = {"made_by": _MADE_BY, "kind": kind, "format": FORMAT, **facts, "files": files}
    text = json.dumps(manifest, indent=1, ensure_ascii=False) + "\n"
    digest = hashlib.sha256(text.encode()).hexdigest()
    write_private(partial / MANIFEST, text.encode())
    write_private(partial / DIGEST, _digest_line(digest))
    for folder in partial.rglob("*"):
        if folder.is_dir():
            _sync(folder)
    return digest


def read(folder: Path, kind: str) -> Folder:
    """Check a whole folder: every listed file is there with its digest, and no other file. Nothing is changed.

    Raises KvalitetError that names what is wrong.
    """
    if folder.name.endswith(PARTIAL):
        raise KvalitetError(f"{folder} was never finished: the backup was broken off.", "Take another one.")
    try:
        return _read(folder, kind)
    except OSError as error:
        raise KvalitetError(
            f"The backup {folder} cannot be read: {error.filename or MANIFEST} ({error.strerror}).",
            "Run this as a user who may read it, or look at the disk.",
        ) from None


def _read(folder: Path, kind: str) -> Folder:
    if not (folder / MANIFEST).exists():
        raise KvalitetError(
            f"{folder} is no backup of Kvalitet: it has no {MANIFEST}.",
            "Name the folder kvalitet-<time> that `kvalitet backup` made.",
        )
    text = (folder / MANIFEST).read_bytes()
    digest = hashlib.sha256(text).hexdigest()
    if not (folder / DIGEST).is_file() or (folder / DIGEST).read_bytes() != _digest_line(digest):
        raise _damaged(folder, f"{MANIFEST} and {DIGEST} do not belong together")
    manifest = _parse(folder, text, kind)
    _check_files(folder, manifest["files"])
    return Folder(folder, manifest, digest)


def _parse(folder: Path, text: bytes, kind: str) -> dict[str, Any]:
    try:
        manifest = json.loads(text)
        is_ours = manifest["made_by"] == _MADE_BY and isinstance(manifest["format"], int)
    except (ValueError, KeyError, TypeError):
        is_ours, manifest = False, {}
    if not is_ours:
        raise KvalitetError(f"{folder} is no backup of Kvalitet: its {MANIFEST} was written by something else.")
    if manifest["format"] > FORMAT:
        raise KvalitetError(
            f"{folder} has format {manifest['format']}; this code reads up to {FORMAT}.",
            f"Restore it with the code that made it or newer: {manifest.get('code_version', 'see its manifest')}.",
        )
    if manifest["kind"] != kind:
        raise KvalitetError(f"{folder} holds {manifest['kind']}, not {kind}.", "Name the other folder.")
    if lacking := [name for name in (*_FIELDS[kind], "files") if name not in manifest]:
        raise _damaged(folder, f"{MANIFEST} lacks {', '.join(lacking)}")
    return manifest


def _check_files(folder: Path, listed: dict[str, dict[str, Any]]) -> None:
    found = {path.relative_to(folder).as_posix(): path for path in _walk(folder)}
    found = {name: path for name, path in found.items() if name not in (MANIFEST, DIGEST)}
    if missing := sorted(listed.keys() - found.keys()):
        raise _damaged(folder, f"{missing[0]} is missing" + _and_more(missing))
    if extra := sorted(found.keys() - listed.keys()):
        raise _damaged(folder, f"{extra[0]} is not in its manifest" + _and_more(extra))
    for name, facts in listed.items():
        path = found[name]
        if path.is_symlink() or not path.is_file():
            raise _damaged(folder, f"{name} is no file")
        if path.stat().st_size != facts["bytes"]:
            raise _damaged(folder, f"{name} has {path.stat().st_size} bytes instead of {facts['bytes']}")
        with path.open("rb") as source:
            if hashlib.file_digest(source, "sha256").hexdigest() != facts["sha256"]:
                raise _damaged(folder, f"{name} was changed")


def write_private(path: Path, content: bytes) -> None:
    """Write a file that only this user can read. It is on the disk when this returns."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as out:
        out.write(content)
        out.flush()
        os.fsync(out.fileno())


def _walk(folder: Path) -> list[Path]:
    """Everything but folders. Links are not followed."""
    return sorted(
        Path(base) / name
        for base, folders, files in os.walk(folder, onerror=_raise)
        for name in [*files, *(one for one in folders if (Path(base) / one).is_symlink())]
    )


def _raise(error: OSError) -> None:
    """Raise the error, so that an unreadable folder is not taken for an empty one."""
    raise error


def _digest_line(digest: str) -> bytes:
    return f"{digest}  {MANIFEST}\n".encode()


def _and_more(names: list[str]) -> str:
    return f", and {len(names) - 1} more" if len(names) > 1 else ""


def _damaged(folder: Path, finding: str) -> KvalitetError:
    return KvalitetError(
        f"The backup {folder} is damaged: {finding}.", "Bring it back from another copy, or take an older one."
    )


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
