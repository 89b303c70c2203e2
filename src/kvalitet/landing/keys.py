"""The landing store's keys, in age's format: anybody may encrypt with the public key, only the private key decrypts.

Extraction needs only the public half. The private half is a file of identities, one per line, the newest first. It
holds two while files are re-encrypted, see kvalitet.landing.rotation.
"""

import os
from pathlib import Path
from typing import Any

import pyrage

from kvalitet.errors import KvalitetError
from kvalitet.settings import Settings, write_secret

age: Any = pyrage  # compiled, without type information
Identity, Recipient = age.x25519.Identity, age.x25519.Recipient


def key_file(settings: Settings) -> Path:
    """The private half: KVALITET_LANDING_KEY_FILE, by default landing.key among the secrets."""
    return Path(os.environ.get("KVALITET_LANDING_KEY_FILE", settings.secrets_dir / "landing.key"))


def recipient_file(settings: Settings) -> Path:
    """The public half: KVALITET_LANDING_RECIPIENT_FILE, by default landing.pub among the secrets."""
    return Path(os.environ.get("KVALITET_LANDING_RECIPIENT_FILE", settings.secrets_dir / "landing.pub"))


def make_keys(settings: Settings) -> None:
    """Make the pair where there is none. Where only the public half is there, the private half is kept elsewhere."""
    if recipient_file(settings).is_file():
        return
    write_secret(key_file(settings), f"{Identity.generate()}\n")
    write_secret(recipient_file(settings), f"{identities(settings)[0].to_public()}\n")


def recipient(settings: Settings) -> Any:
    """The recipient to which deliveries are encrypted. Raises KvalitetError where the public half is missing."""
    file = recipient_file(settings)
    try:
        return Recipient.from_str(file.read_text().strip())
    except (OSError, age.RecipientError):
        raise KvalitetError(
            f"There is no public key of the landing store at {file}.",
            "Run `kvalitet migrate`, or name it: KVALITET_LANDING_RECIPIENT_FILE.",
        ) from None


def identities(settings: Settings) -> list[Any]:
    """The identities that decrypt landed files, the newest first. Raises KvalitetError where the file is missing."""
    file = key_file(settings)
    try:
        lines = file.read_text().splitlines()
        found = [Identity.from_str(line.strip()) for line in lines if line.strip() and not line.startswith("#")]
    except (OSError, age.IdentityError):
        found = []
    if not found:
        raise KvalitetError(
            f"There is no private key of the landing store at {file}.",
            "Bring it from where it is kept (KVALITET_LANDING_KEY_FILE); without it nothing landed can be read.",
        )
    return found
