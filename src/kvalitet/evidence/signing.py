"""The signer of certificates: by default an Ed25519 key of the installation, or the one that KVALITET_SIGNER names.

KVALITET_SIGNER is a signer's address as securesystemslib reads it (file2:, hsm:, awskms:, azurekms:, gcpkms:, …), or
`command:PROGRAM ARGUMENTS`. The command gets the bytes to sign on its standard input and returns the signature as hex.
Verifying needs the public key, which is in KVALITET_SIGNER_PUBLIC_KEY (PEM), by default var/secrets/certificate.pub.
"""

import os
import shlex
import subprocess
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)
from securesystemslib.signer import (
    SIGNER_FOR_URI_SCHEME,  # pyright: ignore[reportPrivateImportUsage]
    Key,  # pyright: ignore[reportPrivateImportUsage]
    SecretsHandler,  # pyright: ignore[reportPrivateImportUsage]
    Signature,  # pyright: ignore[reportPrivateImportUsage]
    Signer,  # pyright: ignore[reportPrivateImportUsage]
    SSlibKey,  # pyright: ignore[reportPrivateImportUsage]
)

from kvalitet.errors import KvalitetError
from kvalitet.settings import Settings, write_secret

_SECONDS = 60


class CommandSigner(Signer):
    """Signs by a command, which may run on another host. The command sees only the bytes to sign."""

    SCHEME = "command"

    def __init__(self, command: list[str], public_key: Key) -> None:
        self._command, self._public_key = command, public_key

    @property
    def public_key(self) -> Key:
        return self._public_key

    @classmethod
    def from_priv_key_uri(
        cls, priv_key_uri: str, public_key: Key, secrets_handler: SecretsHandler | None = None
    ) -> "CommandSigner":
        return cls(shlex.split(priv_key_uri.partition(":")[2]), public_key)

    def sign(self, payload: bytes) -> Signature:
        """Sign the bytes.

        Raises KvalitetError where the command fails, is silent for a minute or answers with anything but hex.
        """
        try:
            done = subprocess.run(self._command, input=payload, capture_output=True, timeout=_SECONDS, check=False)
        except (OSError, subprocess.TimeoutExpired) as error:
            raise _unsigned(f"the signing command did not answer: {type(error).__name__}") from None
        answer = done.stdout.decode("ascii", "replace").strip()
        if done.returncode != 0 or not answer:
            raise _unsigned(f"the signing command ended with code {done.returncode}")
        try:
            bytes.fromhex(answer)
        except ValueError:
            raise _unsigned("the signing command answered with something other than hex") from None
        return Signature(self._public_key.keyid, answer)


SIGNER_FOR_URI_SCHEME[CommandSigner.SCHEME] = CommandSigner


def signer(settings: Settings) -> Signer:
    """The signer of this installation's certificates. Raises KvalitetError where the key is missing."""
    uri = os.environ.get("KVALITET_SIGNER", f"file2:{settings.certificate_key_file}")
    public = public_key(Path(os.environ.get("KVALITET_SIGNER_PUBLIC_KEY", public_key_file(settings))))
    try:
        return Signer.from_priv_key_uri(uri, public)
    except KvalitetError:
        raise
    except Exception as error:  # each kind of signer has its own errors, and none may show a key
        raise _unsigned(f"{uri.partition(':')[0]}: {type(error).__name__}") from None


def make_key(settings: Settings) -> None:
    """Make the installation's own key pair where there is none, or its public half where only that is missing.

    Nothing is made where another signer is named.
    """
    if "KVALITET_SIGNER" in os.environ:
        return
    private, public = settings.certificate_key_file, public_key_file(settings)
    fresh = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    pem = write_secret(private, fresh)
    key = load_pem_private_key(pem.encode(), password=None).public_key()
    write_secret(public, key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode())


def public_key_file(settings: Settings) -> Path:
    return settings.certificate_key_file.with_suffix(".pub")


def public_key(file: Path) -> SSlibKey:
    """The public key in a PEM file. Raises KvalitetError where there is none."""
    try:
        return SSlibKey.from_crypto(load_pem_public_key(file.read_bytes()))  # type: ignore[arg-type]
    except (OSError, ValueError):
        raise KvalitetError(
            f"There is no public key at {file}.", "Run `kvalitet migrate`, or name it: KVALITET_SIGNER_PUBLIC_KEY."
        ) from None


def _unsigned(why: str) -> KvalitetError:
    return KvalitetError(
        f"The certificate could not be signed, so nothing was published: {why}.",
        "See KVALITET_SIGNER in docs/security.md; publish again when the signer answers.",
    )
