"""Looks for secrets where docker/promises.py does not: the image's history, and the volumes of logs and of pages."""

import base64
import json
import subprocess
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from installation import LABEL, Failed, Installation, call

CHUNK_BYTES = 1 << 20
#: Shorter values are ordinary words, such as a database's name, and no secrets.
SHORTEST = 16


class Needles:
    """The secrets of a folder, as they are and in base64. They are named by their files."""

    def __init__(self, folder: Path) -> None:
        self._names: dict[str, str] = {}
        for file in sorted(file for file in folder.iterdir() if file.is_file()):
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
        with tempfile.NamedTemporaryFile("w", prefix="drill-") as patterns:  # mode 0600, deleted after the block
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


def search(needles: Needles, installation: Installation) -> dict[str, list[str]]:
    """Where secrets are found, by place, with the names of their files."""
    history = call(["docker", "history", "--no-trunc", "--format", "{{json .}}", installation.image])
    places = {"the image's history": needles.found_in([history.encode()])}
    for volume in ("log", "site"):
        with _volume(installation, volume) as stream:
            places[f"the volume {volume}"] = needles.found_in(iter(lambda: stream.read(CHUNK_BYTES), b""))
    return {place: names for place, names in places.items() if names}


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
