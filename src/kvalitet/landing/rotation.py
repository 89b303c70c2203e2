"""Gives the landing store a new key: re-encrypts everything, then removes the old key."""

from kvalitet.landing.holding import changing_files
from kvalitet.landing.keys import Identity, identities, key_file, recipient_file
from kvalitet.landing.private_folder import private_folder
from kvalitet.landing.store import SUFFIX, Store
from kvalitet.settings import LOADER, Settings, replace_secret
from kvalitet.warehouse.connection import connect
from kvalitet.warehouse.locks import stop_extractions


def rotate_key(settings: Settings) -> int:
    """Encrypt every landed file to a new key. Returns how many files there were to re-encrypt.

    Until the last file is done, the key file holds both keys, so that every file stays readable where this is killed.
    The next call goes on. New deliveries are encrypted to the new key from the start. Raises KvalitetError where an
    extraction is running, since it may be about to encrypt to the old key, and where a backup copies the files.
    """
    with changing_files(settings):
        return _rotate(settings)


def _rotate(settings: Settings) -> int:
    keys = identities(settings)
    if len(keys) == 1:
        keys = [Identity.generate(), *keys]
        replace_secret(key_file(settings), "".join(f"{key}\n" for key in keys))
    newest = keys[0]
    with connect(settings, LOADER) as connection:
        stop_extractions(connection)
        replace_secret(recipient_file(settings), f"{newest.to_public()}\n")
    store, done = Store(settings), 0
    while behind := [path for path in store.files() if path.endswith(SUFFIX) and not store.opens_with(path, newest)]:
        for path in behind:
            with private_folder(settings) as folder, store.decrypt(path, folder).open("rb") as compressed:
                store.write(path, compressed)
        done += len(behind)
    replace_secret(key_file(settings), f"{newest}\n")
    return done
