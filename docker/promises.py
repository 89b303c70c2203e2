"""Measures what docker/README.md promises of the image and of the containers, on a real engine.

    python docker/promises.py layers kvalitet:local             its own layers are at most 1 GB
    python docker/promises.py same kvalitet:one kvalitet:two    two builds hold the same files
    python docker/promises.py secrets kvalitet:local secrets kvalitet
        no value of the folder `secrets` is in a layer, nor in configuration, command or log of the compose project's
        containers
    python docker/promises.py closed kvalitet:local kvalitet 192.0.2.2:22 1.1.1.1:53
        no container of the compose project but `forward` reaches these addresses or a name server, and `forward`
        reaches none but this host's

Each ends with 1 where its promise does not hold.
"""

import hashlib
import json
import re
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

BASE = "python:3.11-slim-bookworm"
LIMIT_BYTES = 1_000_000_000


@dataclass(frozen=True)
class Layer:
    """One layer above the base image's. `digest` covers its files: names, owners, modes and contents, but no times."""

    made_by: str
    bytes: int
    digest: str
    holds: tuple[str, ...]  # for each value looked for, the files that hold it


def layers(image: str, values: re.Pattern[bytes] | None = None) -> list[Layer]:
    """The image's own layers from the bottom up, as `docker save` gives them."""
    with tempfile.TemporaryFile() as file:
        subprocess.run(["docker", "save", image], stdout=file, check=True)
        file.seek(0)
        with tarfile.open(fileobj=file) as saved:
            manifest = json.load(saved.extractfile("manifest.json"))[0]  # type: ignore[arg-type]
            config = json.load(saved.extractfile(manifest["Config"]))  # type: ignore[arg-type]
            made_by = [step.get("created_by", "") for step in config["history"] if not step.get("empty_layer")]
            own = len(json.loads(_docker("image", "inspect", "--format", "{{json .RootFS.Layers}}", BASE)))
            return [
                _layer(step, saved.extractfile(name), values)
                for step, name in list(zip(made_by, manifest["Layers"], strict=True))[own:]
            ]


def _layer(made_by: str, content: Any, values: re.Pattern[bytes] | None) -> Layer:
    entries, size, holds = [], 0, []
    with tarfile.open(fileobj=content) as files:
        for entry in files:
            data = files.extractfile(entry).read() if entry.isfile() else b""  # type: ignore[union-attr]
            size += len(data)
            what = (entry.name, entry.type, entry.mode, entry.uid, entry.gid, entry.linkname)
            entries.append(f"{what} {hashlib.sha256(data).hexdigest()}")
            if values and values.search(data):
                holds.append(entry.name)
    digest = hashlib.sha256("\n".join(sorted(entries)).encode()).hexdigest()
    return Layer(re.sub(r"\s+", " ", made_by), size, digest, tuple(holds))


def say_layers(image: str) -> bool:
    found = layers(image)
    for layer in found:
        print(f"{layer.bytes / 1e6:8.1f} MB  {layer.digest[:12]}  {layer.made_by[:90]}")
    total = sum(layer.bytes for layer in found)
    print(f"{total / 1e6:8.1f} MB  above {BASE}; at most {LIMIT_BYTES / 1e6:.0f}")
    return total <= LIMIT_BYTES


def say_same(one: str, other: str) -> bool:
    pairs = list(zip(layers(one), layers(other), strict=True))
    for a, b in pairs:
        print(f"{'same' if a.digest == b.digest else 'DIFFERS':8s}{a.digest[:12]}  {a.made_by[:90]}")
    return all(a.digest == b.digest for a, b in pairs)


def say_secrets(image: str, folder: str, project: str) -> bool:
    values = re.compile(b"|".join(re.escape(value.encode()) for value in sorted(_values(Path(folder)))))
    found = [f"layer {layer.made_by[:60]}: {name}" for layer in layers(image, values) for name in layer.holds]
    found += [f"configuration of {image}"] * bool(values.search(_docker("image", "inspect", image).encode()))
    for container in _docker(
        "ps", "--all", "--quiet", "--filter", f"label=com.docker.compose.project={project}"
    ).split():
        name = _docker("inspect", "--format", "{{.Name}}", container).strip().strip("/")
        found += [f"configuration of {name}"] * bool(values.search(_docker("inspect", container).encode()))
        found += [f"log of {name}"] * bool(values.search(_docker("logs", container).encode()))
    print("\n".join(found) or f"none of the secrets of {folder} is in a layer, a configuration or a log")
    return not found


#: Runs in the network of another container: which of the addresses it reaches, and whether names are resolved.
PROBE = """
import socket, sys
for address in sys.argv[1:]:
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host, int(port)), 4).close()
        print(address)
    except OSError:
        pass
try:
    print("name server", socket.gethostbyname("pypi.org"))
except OSError:
    pass
"""


def say_closed(image: str, project: str, *addresses: str) -> bool:
    """Check that the addresses are closed. They are first tried from an ordinary network, so the check can fail."""
    open_network = _docker("run", "--rm", image, "python", "-c", PROBE, *addresses).split("\n")
    print(f"an ordinary container reaches {', '.join(filter(None, open_network)) or 'nothing: this proves nothing'}")
    is_closed = any(open_network)
    for container in _docker("ps", "--quiet", "--filter", f"label=com.docker.compose.project={project}").split():
        name = _docker("inspect", "--format", "{{.Name}}", container).strip().strip("/")
        reached = _docker(
            "run", "--rm", "--network", f"container:{container}", image, "python", "-c", PROBE, *addresses
        )
        print(f"{name} reaches {', '.join(reached.split(chr(10))).strip(', ') or 'nothing'}")
        is_closed = is_closed and ("-forward-" in name or not reached.strip())
    return is_closed


def _values(folder: Path) -> Iterator[str]:
    """Each secret, and what JSON or an address in it holds. Shorter ones would be found by chance."""
    for file in folder.iterdir():
        if file.is_file():
            text = file.read_text().strip()
            parts = re.findall(r'":\s*"([^"]+)"|://[^:]+:([^@]+)@', text)
            yield from (value for value in {text, *(part for pair in parts for part in pair)} if len(value) >= 16)


def _docker(*arguments: str) -> str:
    done = subprocess.run(["docker", *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=True)
    return done.stdout.decode(errors="replace")


if __name__ == "__main__":
    steps = {"layers": say_layers, "same": say_same, "secrets": say_secrets, "closed": say_closed}
    sys.exit(0 if steps[sys.argv[1]](*sys.argv[2:]) else 1)
