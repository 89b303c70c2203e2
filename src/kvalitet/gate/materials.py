"""What a build was made and judged with, as SHA-256 digests: contracts, suites, waivers, the dbt project."""

import hashlib
import json
from pathlib import Path

from kvalitet.settings import Settings


def materials(settings: Settings, manifest: Path) -> dict[str, str]:
    """Digests by name. A file's own name counts, its folder does not. A missing dbt manifest counts as empty."""
    return {
        "contracts": _files(sorted(settings.contracts_dir.glob("*.odcs.yaml"))),
        "suites": _files(
            [*sorted(settings.suites_dir.glob("*.yaml")), *sorted(settings.administration.suites.glob("*.yaml"))]
        ),
        "waivers": _files([settings.waivers_file]),
        "dbt_manifest": _manifest(manifest, settings.administration.file),
    }


def _files(files: list[Path]) -> str:
    """The digest of those files that are there."""
    there = (file for file in files if file.is_file())
    lines = [f"{hashlib.sha256(file.read_bytes()).hexdigest()}  {file.name}" for file in there]
    return _digest(lines)


def _manifest(file: Path, policy: Path) -> str:
    """Digest of models, seeds and macros by their own code, because the manifest also holds the time of its writing.

    The policy gives dbt its variables, so it counts as well.
    """
    if not file.is_file():
        return _digest([])
    manifest = json.loads(file.read_text(encoding="utf-8"))
    lines = [f"policy {_files([policy])}"]
    lines += [f"{name} {node.get('checksum', {}).get('checksum')}" for name, node in manifest.get("nodes", {}).items()]
    for name, macro in manifest.get("macros", {}).items():
        lines.append(f"{name} {hashlib.sha256(macro['macro_sql'].encode()).hexdigest()}")
    return _digest(sorted(lines))


def _digest(lines: list[str]) -> str:
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()
