"""Looks for secrets where none may be: image layers and configuration, environments, logs, volumes that people see."""

import base64
import json
import subprocess
import tarfile
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from installation import LABEL, Failed, Installation, call

CHUNK_BYTES = 1 << 20
#: What is no value but a word in them, such as a database's name, is shorter.
SHORTEST = 16


class Needles:
    """The secrets of a folder, as they are and in base64; told by the names of their files."""

    def __init__(self, folder: Path) -> None:
        self._names: dict[str, str] = {}
        for file in sorted(folder.iterdir()):
            text = file.read_text().strip()
            for value in json.loads(text).values() if text.startswith("{") else text.split():
                for form in (value, base64.b64encode(value.encode()).decode().rstrip("=")):
                    if len(form) >= SHORTEST:
                        self._names[form] = file.name
        if not self._names:
            raise Failed(f"There are no secrets in {folder} to look for.")

    @property
    def names(self) -> list[str]:
        return sorted(set(self._names.values()))

    def found_in(self, chunks: Iterable[bytes]) -> list[str]:
        """The names of the secrets that are in a stream of bytes."""
        with tempfile.NamedTemporaryFile("w", prefix="drill-") as patterns:  # 0600, and gone with the block
            patterns.write("\n".join(self._names))
            patterns.flush()
            command = ["grep", "--text", "--only-matching", "--fixed-strings", f"--file={patterns.name}"]
            with subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env={"LC_ALL": "C", "PATH": "/usr/bin:/bin"}
            ) as grep:
                assert grep.stdin and grep.stdout
                for chunk in chunks:
                    grep.stdin.write(chunk)
                grep.stdin.close()
                return sorted({self._names[line] for line in grep.stdout.read().decode().split()})


def search(needles: Needles, installation: Installation, bases: Iterable[str]) -> tuple[dict[str, list[str]], int]:
    """Where secrets are found, by place, with their names; and how many places were looked at.

    `bases` are images whose layers are not ours: they are not read.
    """
    places = {
        **{f"image: {name}": needles.found_in(chunks) for name, chunks in _image(installation.image, bases)},
        **{f"container: {name}": needles.found_in(chunks) for name, chunks in _containers(installation)},
    }
    for volume in ("log", "site"):
        with _volume(installation, volume) as stream:
            places[f"volume: {volume}"] = needles.found_in(_chunks(stream))
    return {place: names for place, names in places.items() if names}, len(places)


def _image(image: str, bases: Iterable[str]) -> Iterator[tuple[str, Iterable[bytes]]]:
    yield "history", [call(["docker", "history", "--no-trunc", "--format", "{{json .}}", image]).encode()]
    yield "configuration", [call(["docker", "image", "inspect", image]).encode()]
    known = {digest for base in bases for digest in layers(base)}
    with subprocess.Popen(["docker", "save", image], stdout=subprocess.PIPE) as saving:
        assert saving.stdout
        with tarfile.open(fileobj=saving.stdout, mode="r|") as archive:
            for member in archive:
                digest = f"sha256:{member.name.rpartition('/')[2]}"
                if member.isfile() and digest not in known and (content := archive.extractfile(member)):
                    yield member.name[:24], _chunks(content)
    if saving.returncode:
        raise Failed(f"`docker save {image}` ended with exit code {saving.returncode}.")


def layers(image: str) -> list[str]:
    """The digests of an image's layers, from the lowest."""
    return json.loads(call(["docker", "image", "inspect", "--format", "{{json .RootFS.Layers}}", image]))


def _containers(installation: Installation) -> Iterator[tuple[str, Iterable[bytes]]]:
    for service in installation.services().values():
        yield f"{service.name}, as inspected", [call(["docker", "inspect", service.container]).encode()]
        merged = subprocess.run(
            ["docker", "logs", service.container], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=True
        )
        yield f"{service.name}, its log", [merged.stdout]


@contextmanager
def _volume(installation: Installation, volume: str) -> Iterator[IO[bytes]]:
    """Everything in a volume, as one stream."""
    command = ["docker", "run", "--rm", "--label", f"{LABEL}={installation.project}", "--network=none", "--user=0",
               "--volume", f"{installation.project}_{volume}:/searched:ro", installation.image,
               "tar", "--create", "--directory=/searched", "."]  # fmt: skip
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdout
        yield process.stdout
        process.stdout.close()


def _chunks(stream: IO[bytes]) -> Iterator[bytes]:
    while chunk := stream.read(CHUNK_BYTES):
        yield chunk
