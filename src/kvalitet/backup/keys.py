"""The keys of an installation: kept apart from its data, copied only on request, and checked against the data."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key
from securesystemslib.exceptions import VerificationError

from kvalitet.backup import folder
from kvalitet.errors import KvalitetError
from kvalitet.evidence.chain import read_envelope
from kvalitet.evidence.signing import public_key, public_key_file
from kvalitet.intake.pseudonyms import fingerprint
from kvalitet.landing.keys import Identity, key_file, recipient_file
from kvalitet.persons.journal import journal_file
from kvalitet.settings import Settings, replace_secret

KIND = "keys"
PSEUDONYM, LANDING, RECIPIENT = "pseudonym.key", "landing.key", "landing.pub"
CERTIFICATE, CERTIFICATE_PUBLIC = "certificate.key", "certificate.pub"
FERNET = "airflow_fernet"
JOURNAL = "erasures.jsonl"


@dataclass(frozen=True)
class Fits:
    """What identifies the keys of a backup's data. It is in the manifest and holds no secret."""

    pseudonym: str | None  # fingerprint of the pseudonym keys
    recipient: str | None  # the landing store's public key


def places(settings: Settings) -> dict[str, Path]:
    """Where each key of this installation lies, whether or not the file exists."""
    fernet = next(
        (file for name in (FERNET, "airflow_fernet_key") if (file := settings.secrets_dir / name).is_file()),
        settings.secrets_dir / FERNET,
    )
    return {
        PSEUDONYM: settings.pseudonym_key_file,
        LANDING: key_file(settings),
        RECIPIENT: recipient_file(settings),
        CERTIFICATE: settings.certificate_key_file,
        CERTIFICATE_PUBLIC: Path(os.environ.get("KVALITET_SIGNER_PUBLIC_KEY", public_key_file(settings))),
        FERNET: fernet,
        JOURNAL: journal_file(settings),
    }


def fits(settings: Settings) -> Fits:
    """What identifies the keys of this installation's data. None where a key is not available here."""
    found = places(settings)
    pseudonym = fingerprint(settings.pseudonym_keys()) if found[PSEUDONYM].is_file() else None
    recipient = _text(found[RECIPIENT]).strip() if found[RECIPIENT].is_file() else None
    return Fits(pseudonym, recipient)


def copy_keys(settings: Settings, parent: Path, name: str, facts: dict[str, Any]) -> list[str]:
    """Write the available keys to `parent`/`name`. Returns the names of the missing ones."""
    absent = []
    with folder.writing(parent, name) as partial:
        for key, place in places(settings).items():
            if place.is_file():
                folder.write_private(partial / key, place.read_bytes())
            else:
                absent.append(key)
        folder.finish(partial, KIND, facts)
    return absent


def newest_keys(path: Path) -> folder.Folder:
    """The keys in a folder that `--keys-to` made, or the newest ones in the folder that was given to `--keys-to`."""
    made = [one for one in path.glob("kvalitet-keys-*") if one.is_dir() and not one.name.endswith(folder.PARTIAL)]
    if not made or (path / folder.MANIFEST).is_file():
        return folder.read(path, KIND)
    return max((folder.read(one, KIND) for one in made), key=lambda one: one.made_at)


def check(settings: Settings, backup: folder.Folder, keys: folder.Folder | None) -> None:
    """Refuse keys that are not those of the backup: the given ones, or else those in place. Nothing is changed.

    Raises KvalitetError that names the key.
    """
    if keys and keys.manifest["installation"] != backup.manifest["installation"]:
        raise KvalitetError(
            f"The keys in {keys.path} are another installation's than {backup.path.name}.",
            f"Bring those of installation {backup.manifest['installation']}.",
        )
    found = {key: keys.path / key for key in keys.files("")} if keys else {}
    found = {key: found.get(key, place) for key, place in places(settings).items()}
    for key, file in found.items():
        if key != JOURNAL and file.is_file():
            _text(file)
    expected = backup.manifest["fits"]
    _check_pseudonym(found[PSEUDONYM], expected["pseudonym"], backup)
    _check_landing(found[LANDING], found[RECIPIENT], expected["recipient"], backup)
    _check_certificate(found[CERTIFICATE], found[CERTIFICATE_PUBLIC], backup)


def put_in_place(settings: Settings, keys: folder.Folder, say: Callable[[str], None]) -> None:
    """Write the given keys where this installation looks for them. The journal is restored elsewhere.

    Another key that is in place is renamed and reported, because it may be the only one of somebody's data. Raises
    KvalitetError where a place that holds another key cannot be written.
    """
    for key, place in places(settings).items():
        source = keys.path / key
        if key == JOURNAL or not source.is_file() or (place.is_file() and place.read_bytes() == source.read_bytes()):
            continue
        try:
            place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            if place.is_file():
                aside = place.with_name(f"{place.name}.of-{datetime.now(UTC):%Y%m%dT%H%M%S.%fZ}")
                folder.write_private(aside, place.read_bytes())
                say(f"{place} held another key, which is kept as {aside.name}")
            replace_secret(place, source.read_text())
        except (OSError, KvalitetError):
            raise KvalitetError(
                f"{place} cannot be written here, and holds no or another key.",
                f"Put {source} there by hand (mode 0600), then restore again.",
            ) from None


def _text(file: Path) -> str:
    try:
        return file.read_text()
    except (OSError, UnicodeDecodeError) as error:
        why = (error.strerror if isinstance(error, OSError) else None) or "it is no text"
        raise KvalitetError(f"The key at {file} cannot be read: {why}.", "Bring it back from a copy.") from None


def _check_pseudonym(file: Path, expected: str | None, backup: folder.Folder) -> None:
    if expected is None:
        return
    try:
        found = fingerprint(tuple(bytes.fromhex(line) for line in file.read_text().split()))
    except OSError:
        raise _absent("pseudonym key", file) from None
    except ValueError:
        found = ""
    if found != expected:
        raise _other("pseudonym key", file, backup)


def _check_landing(private: Path, public: Path, expected: str | None, backup: folder.Folder) -> None:
    """Check the landing keys. The private one may be kept elsewhere. The public one is needed to take anything in."""
    if expected is None:
        return
    if not public.is_file():
        raise _absent("landing store's public key", public)
    if public.read_text().strip() != expected:
        raise _other("landing store's public key", public, backup)
    if private.is_file():
        lines = [line.strip() for line in private.read_text().splitlines() if line.strip() and line[0] != "#"]
        try:
            halves = {str(Identity.from_str(line).to_public()) for line in lines}
        except Exception:  # the library's own error may show the line
            halves = set()
        if expected not in halves:
            raise _other("landing store's private key", private, backup)


def _check_certificate(private: Path, public: Path, backup: folder.Folder) -> None:
    """Check that the public key signed the newest certificate, and that the private key belongs to it."""
    certificates = backup.files("certificates")
    if not certificates:
        return
    if not public.is_file():
        raise _absent("certificates' public key", public)
    envelope = read_envelope((backup.path / "certificates" / max(certificates)).read_text())
    try:
        envelope.verify([public_key(public)], 1)
    except VerificationError:
        raise _other("certificates' public key", public, backup) from None
    if private.is_file():
        try:
            key = load_pem_private_key(private.read_bytes(), password=None).public_key()
            half = key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        except ValueError:
            half = b""
        if half.strip() != public.read_bytes().strip():
            raise _other("certificates' private key", private, backup)


def _absent(what: str, file: Path) -> KvalitetError:
    return KvalitetError(
        f"The {what} is not at {file}.", "Give the folder that --keys-to wrote: --keys FOLDER, or put the key there."
    )


def _other(what: str, file: Path, backup: folder.Folder) -> KvalitetError:
    return KvalitetError(
        f"The {what} at {file} is not the one that {backup.path.name} was made with.",
        "Give the keys of that installation: --keys FOLDER. Nothing was changed.",
    )
