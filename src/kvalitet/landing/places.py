"""Folders and object stores by their address: opens them, and names what keeps them from being used."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

import fsspec
from fsspec import AbstractFileSystem

from kvalitet.errors import KvalitetError, NotInstalled

#: By protocol, the extra of this package that installs what fsspec needs for it.
EXTRAS = {"s3": "s3", "s3a": "s3", "abfs": "abfs", "abfss": "abfs", "az": "abfs", "sftp": "sftp", "ssh": "sftp"}
#: Errors that only a disk of this machine gives while a file is copied to or from the place.
OWN_DISK = (errno.ENOSPC, errno.EROFS, errno.EDQUOT)


@dataclass(frozen=True)
class Place:
    """Where files are: `setting` is the variable that names it, `root` its path in the file system."""

    setting: str
    protocol: str
    filesystem: AbstractFileSystem
    root: str

    @property
    def name(self) -> str:
        """The place's name for messages. An address may hold a password, so only the part after it is shown."""
        return f"{self.protocol}://{self.root.lstrip('/') if self.protocol in EXTRAS else self.root}"

    @property
    def is_object_store(self) -> bool:
        return EXTRAS.get(self.protocol) in ("s3", "abfs")

    @property
    def container(self) -> str:
        """What must exist before anything can be stored: an object store's bucket, otherwise the folder itself."""
        return self.root.strip("/").partition("/")[0] if self.is_object_store else self.root

    @contextmanager
    def naming_errors(self) -> Iterator[None]:
        """Turn a failure into one that says whether a right, the sign-in or the connection is missing.

        FileNotFoundError passes unchanged.
        """
        try:
            yield
        except (KvalitetError, FileNotFoundError):
            raise
        except PermissionError as error:
            raise self._failed("the right to it is missing, or the credentials are wrong", error) from None
        except Exception as error:
            if self.protocol not in EXTRAS or getattr(error, "errno", None) in OWN_DISK:
                raise
            why = (
                "it cannot be reached or signed in to" if not isinstance(error, OSError) else "it answers with an error"
            )
            raise self._failed(why, error) from None

    def require(self) -> None:
        """Raise KvalitetError where the bucket or folder itself does not exist, or may not be listed."""
        self.filesystem.invalidate_cache()
        try:
            with self.naming_errors():
                self.filesystem.ls(self.root)
        except FileNotFoundError as error:
            if self._is_container_missing(error):
                raise KvalitetError(
                    f"{self.setting} names {self.name}, and {self.container} does not exist.",
                    f"Correct {self.setting}, or make it: that is never done for you.",
                ) from None

    def _is_container_missing(self, error: FileNotFoundError) -> bool:
        """Whether the container itself is missing, and not only empty: an object store has no empty folders."""
        if EXTRAS.get(self.protocol) == "s3":
            # Asking for the bucket itself takes a right that is not given to somebody who may only use one prefix of
            # it.
            answer = getattr(error.__cause__, "response", None) or {}
            return answer.get("Error", {}).get("Code") == "NoSuchBucket"
        return not self.filesystem.exists(self.container)

    def _failed(self, why: str, error: Exception) -> KvalitetError:
        return KvalitetError(
            f"{self.setting} names {self.name}, and {why} ({type(error).__name__}).",
            f"Check the address, its credentials in the environment, and that they may list, read and write"
            f" {self.container}.",
        )


def open_place(setting: str, address: str) -> Place:
    """The place at an address (`file://`, `s3://`, `abfs://`, `sftp://`). Only SFTP connects at this point.

    Raises NotInstalled where a package is missing, KvalitetError where the address cannot be used.
    """
    protocol = urlsplit(address).scheme or "file"
    try:
        filesystem, root = fsspec.core.url_to_fs(address)
    except ImportError as error:
        extra = EXTRAS.get(protocol)
        raise NotInstalled(
            f"{setting} begins with {protocol}://, and the package for that is not installed here: {error}.",
            f"Run `uv sync --frozen --extra {extra}`; for the image, `KVALITET_EXTRAS={extra} docker compose build`."
            if extra
            else "Install it, or use another kind of address.",
        ) from None
    except ValueError:
        raise KvalitetError(
            f"{setting} begins with {protocol}://, which is no kind of address known here.",
            "Use file://, s3://, abfs:// or sftp://.",
        ) from None
    except Exception as error:
        raise KvalitetError(
            f"{setting} names a place at {protocol}:// that cannot be signed in to ({type(error).__name__}).",
            "Check the address, the credentials, and that the host can be reached from here.",
        ) from None
    place = Place(setting, protocol, filesystem, root)
    if place.is_object_store and not place.container:
        raise KvalitetError(f"{setting} names no bucket.", f"Write it as {protocol}://bucket/folder.")
    return place
