"""The store of landed files: `<source>/<sha256 of the delivered bytes>.zst.age`, in a folder or an object store.

Each file is the delivered bytes, compressed by `zstd` and encrypted by `age --encrypt`, so it can be read with those
two tools and the key alone. It is written before the load that names it is committed. A process that is killed leaves
at most a file that no load names, which `sweep` removes.
"""

import hashlib
import io
import shutil
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

import pyarrow

from kvalitet.errors import KvalitetError
from kvalitet.landing.keys import age, identities, recipient
from kvalitet.landing.places import open_place
from kvalitet.settings import Settings

CHUNK_BYTES = 1 << 20
SUFFIX = ".zst.age"


@dataclass(frozen=True)
class Landed:
    """One delivered file in the store: its name and digest as delivered, the tables it filled, and its path."""

    file_name: str
    bytes: int
    sha256: str
    path: str
    tables: tuple[str, ...]


@contextmanager
def compressing(path: Path) -> Iterator[IO[bytes]]:
    """Open a private file for the compressed bytes that are to be stored."""
    with pyarrow.CompressedOutputStream(str(path), "zstd") as out:
        yield out  # type: ignore[misc]  # Arrow's streams are not typed as Python's


class Store:
    """The landing store of an installation: KVALITET_LANDING, an address that fsspec knows."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.place = open_place("KVALITET_LANDING", settings.landing)
        self.filesystem, self.root = self.place.filesystem, self.place.root

    def put(self, source_id: str, sha256: str, compressed: Path) -> str:
        """Encrypt a compressed file into the store, replacing it where it is there. Returns its path."""
        path = f"{source_id}/{sha256}{SUFFIX}"
        with compressed.open("rb") as source:
            self.write(path, source)
        return path

    def write(self, path: str, source: IO[bytes]) -> None:
        """Encrypt `source` (compressed bytes) to `path`, whole or not at all.

        Raises KvalitetError where the store cannot be written.
        """
        key = recipient(self.settings)
        with self._replacing(path) as out:
            age.encrypt_io(source, out, [key])

    def copy_out(self, path: str, target: Path) -> bool:
        """Copy a file out of the store, still encrypted. False where it is not there."""
        try:
            with (
                self.place.naming_errors(),
                self.filesystem.open(self._place(path), "rb") as source,
                target.open("wb") as out,
            ):
                shutil.copyfileobj(source, out, CHUNK_BYTES)  # type: ignore[misc]  # fsspec says str or bytes
        except FileNotFoundError:
            target.unlink(missing_ok=True)
            self.place.require()
            return False
        return True

    def copy_in(self, path: str, source: Path) -> None:
        """Put a file that `copy_out` copied back in its place, whole or not at all."""
        with source.open("rb") as content, self._replacing(path) as out:
            shutil.copyfileobj(content, out, CHUNK_BYTES)

    @contextmanager
    def _replacing(self, path: str) -> Iterator[Any]:
        """A file to write to. It is in its place when the block has ended."""
        place = self._place(path)
        part = f"{place}.{uuid.uuid4().hex}.part"
        if self.place.is_object_store:
            self.place.require()  # an object store has no folders, and `makedirs` would make a bucket
        with self.place.naming_errors():
            if not self.place.is_object_store:
                self.filesystem.makedirs(place.rsplit("/", 1)[0], exist_ok=True)
            try:
                with self.filesystem.open(part, "wb") as out:
                    yield out
                self.filesystem.mv(part, place)
            except BaseException:
                with suppress(Exception):  # the error before this one is what must be reported
                    if self.filesystem.exists(part):
                        self.filesystem.rm_file(part)
                raise

    @contextmanager
    def opened(self, path: str, folder: Path) -> Iterator[IO[bytes]]:
        """The delivered bytes of a file in the store, decrypted by way of `folder`, which only this user can read.

        Raises KvalitetError where the file is not there, was changed, or is encrypted to another key.
        """
        compressed = self.decrypt(path, folder)
        try:
            with pyarrow.CompressedInputStream(str(compressed), "zstd") as source:
                yield source  # type: ignore[misc]
        finally:
            compressed.unlink(missing_ok=True)

    def decrypt(self, path: str, folder: Path) -> Path:
        """Decrypt a file of the store into `folder`, still compressed. Leaves nothing there where that fails."""
        target = folder / f"{uuid.uuid4().hex}.zst"
        keys = identities(self.settings)
        try:
            with (
                self.place.naming_errors(),
                self.filesystem.open(self._place(path), "rb") as source,
                target.open("wb") as out,
            ):
                age.decrypt_io(source, out, keys)
        except FileNotFoundError:
            target.unlink(missing_ok=True)
            self.place.require()
            raise KvalitetError(
                f"{path} is not in the landing store at {self.settings.landing}.",
                "Check KVALITET_LANDING; bring the file back from a backup, or put the delivery in the inbox again.",
            ) from None
        except KvalitetError:
            target.unlink(missing_ok=True)
            raise
        except (OSError, age.DecryptError):
            target.unlink(missing_ok=True)
            raise KvalitetError(
                f"{path} in the landing store does not open: it was changed, or none of the keys fits.",
                "Bring the key (KVALITET_LANDING_KEY_FILE) or the file back from a backup.",
            ) from None
        return target

    def fetch(self, path: str, target: Path, sha256: str) -> None:
        """Write the delivered bytes to `target`. Raises KvalitetError where they do not have that digest."""
        digest = hashlib.sha256()
        with self.opened(path, target.parent) as source, target.open("wb") as out:
            while chunk := source.read(CHUNK_BYTES):
                digest.update(chunk)
                out.write(chunk)
        if digest.hexdigest() != sha256:
            raise KvalitetError(
                f"{path} in the landing store holds other bytes than were landed.", "See docs/runbook.md."
            )

    def opens_with(self, path: str, identity: Any) -> bool:
        """Whether this identity decrypts the file. Reads only its beginning.

        Raises KvalitetError where the store cannot be read, since nothing is known of the file then.
        """
        try:
            with self.place.naming_errors(), self.filesystem.open(self._place(path), "rb") as source:
                head = io.BytesIO(bytes(source.read(CHUNK_BYTES)))  # type: ignore[arg-type]  # fsspec: str or bytes
        except FileNotFoundError:
            return False
        beginning = _Beginning()
        try:
            age.decrypt_io(head, beginning, [identity])
        except (OSError, age.DecryptError):
            return beginning.is_reached
        return True

    def remove(self, path: str) -> None:
        """Remove a file from the store. A file that is already gone is no error."""
        with self.place.naming_errors():
            if self.filesystem.exists(self._place(path)):
                self.filesystem.rm_file(self._place(path))

    def files(self) -> dict[str, datetime]:
        """Every file in the store by its path, with the time it was written."""
        if self.place.is_object_store:
            self.place.require()
        with self.place.naming_errors():
            try:
                self.filesystem.ls(
                    self.root
                )  # asking for the root itself takes a right that access to its content does not include
            except FileNotFoundError:
                return {}
            found: Any = self.filesystem.find(self.root, detail=True)
        return {name.removeprefix(self.root.rstrip("/") + "/"): _written(info) for name, info in found.items()}

    def sweep(self, named: Iterable[str], before: datetime) -> list[str]:
        """Remove files that no load names and that were written before that time. Killed processes leave them."""
        keep = set(named)
        orphans = sorted(path for path, written in self.files().items() if path not in keep and written < before)
        for path in orphans:
            self.remove(path)
        return orphans

    def _place(self, path: str) -> str:
        return f"{self.root.rstrip('/')}/{path}"


class _Beginning(io.RawIOBase):
    """Ends a decryption as soon as it gives the first bytes."""

    is_reached = False

    def write(self, data: Any) -> int:
        self.is_reached = True
        raise OSError("enough")


def _written(info: dict[str, Any]) -> datetime:
    stated = info.get("mtime") or info.get("LastModified") or info.get("last_modified") or info.get("created")
    if isinstance(stated, (int, float)):
        return datetime.fromtimestamp(stated, UTC)
    return stated if isinstance(stated, datetime) else datetime.now(UTC)


def compress(source: IO[bytes], target: Path) -> None:
    """Compress a stream into a private file, as the store holds it."""
    with compressing(target) as out:
        shutil.copyfileobj(source, out, CHUNK_BYTES)
