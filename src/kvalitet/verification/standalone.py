#!/usr/bin/env python3
"""Check an evidence bundle with nothing of Kvalitet's installed: Python 3.9 or newer and the package `cryptography`.

    python verify.py                                  in the unpacked bundle
    python verify.py --bundle evidence.zip --public-key key-you-were-given.pem --anchors anchors.txt

Checked: every signature of the ledger, that each entry rests on the one before, that the published tables in the
bundle are those that were signed, and that no anchored entry is missing. Exit code 0 only where all of it holds.
A public key out of the bundle shows only that the bundle fits together: compare its fingerprint with one that you
had from somewhere else.
"""

import argparse
import base64
import hashlib
import json
import sys
import zipfile
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key

PAYLOAD_TYPE = "application/vnd.in-toto+json"


class Bundle:
    """The members of a bundle, unpacked or not."""

    def __init__(self, place):
        self.place = Path(place)
        self.zip = zipfile.ZipFile(self.place) if self.place.is_file() else None

    def names(self, folder):
        if self.zip:
            return sorted(name for name in self.zip.namelist() if name.startswith(folder + "/"))
        return sorted(f"{folder}/{file.name}" for file in (self.place / folder).iterdir())

    def open(self, name):
        return self.zip.open(name) if self.zip else (self.place / name).open("rb")

    def read(self, name):
        with self.open(name) as file:
            return file.read()


def pre_authentication_encoding(payload_type, payload):
    """What is signed: https://github.com/secure-systems-lab/dsse/blob/master/protocol.md"""
    kind = payload_type.encode()
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)


def key_id(key):
    """The name of an Ed25519 key in the envelope: the SHA-256 of its description."""
    public = key.public_bytes(Encoding.Raw, PublicFormat.Raw).hex()
    described = {"keytype": "ed25519", "keyval": {"public": public}, "scheme": "ed25519"}
    return hashlib.sha256(canonical(described)).hexdigest()


def canonical(value):
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def signed_payload(content, keys):
    """The payload of an envelope that one of the keys signed. None where it is not exactly that."""
    envelope = json.loads(content)
    payload = base64.b64decode(envelope["payload"], validate=True)
    (signature,) = envelope["signatures"]
    for key in keys:
        sig = base64.b64decode(signature["sig"], validate=True)
        try:
            key.verify(sig, pre_authentication_encoding(PAYLOAD_TYPE, payload))
        except InvalidSignature:
            continue
        signatures = [{"keyid": key_id(key), "sig": base64.b64encode(sig).decode()}]
        same = {"payload": base64.b64encode(payload).decode(), "payloadType": PAYLOAD_TYPE, "signatures": signatures}
        return payload if canonical(same) == content else None
    return None


def table_digest(lines):
    """SHA-256 over the two lines of the head and the rows' own sums in hex, sorted, and the number of rows."""
    head = [next(lines, b""), next(lines, b"")]
    if head[0] != b"kvalitet canonical form 2\n" or not head[1].endswith(b"\n"):
        raise ValueError("it is not in the canonical form")
    sums = []
    for line in lines:
        if not line.endswith(b"\n"):
            raise ValueError("the last row breaks off")
        sums.append(hashlib.sha256(line[:-1]).hexdigest() + "\n")
    whole = hashlib.sha256(b"".join(head))
    whole.update("".join(sorted(sums)).encode())
    return whole.hexdigest(), len(sums)


def table_digest_of_form_1(lines):
    """SHA-256 over the sums of the rows' texts, sorted, in 256 buckets by their first byte, and the number of rows."""
    buckets, rows = {}, 0
    for line in lines:
        text = json.loads(line)
        if canonical(text) + b"\n" != line:
            raise ValueError("a row is not written as it was exported")
        row = hashlib.sha256(text.encode("utf-8")).digest()
        buckets.setdefault(row[0], []).append(row)
        rows += 1
    whole = hashlib.sha256()
    for first in sorted(buckets):
        whole.update(hashlib.sha256(b"".join(sorted(buckets[first]))).digest())
    return whole.hexdigest(), rows


#: By a statement's kind: how the rows of its tables are digested, and the extension of their files.
DIGESTS = {
    "urn:kvalitet:publication:v1": (table_digest_of_form_1, ".jsonl"),
    "urn:kvalitet:publication:v2": (table_digest, ".tsv"),
}


def check_ledger(bundle, keys):
    """The statements and sums of all entries, and what is wrong with them."""
    entries, faults, previous = [], [], None
    for number, name in enumerate(bundle.names("ledger"), start=1):
        content = bundle.read(name)
        try:
            payload = signed_payload(content, keys)
        except (ValueError, KeyError, TypeError):
            payload = None
        if payload is None:
            faults.append(f"{name}: it is not an entry signed by the given key")
            previous = hashlib.sha256(content).hexdigest()
            continue
        statement = json.loads(payload)
        predicate = statement["predicate"]
        if statement["predicateType"] not in DIGESTS:
            faults.append(f"{name}: this script does not know statements of its kind; take the one of that day")
        if predicate["entry"] != number or name != f"ledger/{number:06}.json":
            faults.append(f"{name}: it is entry {predicate['entry']}, in the place of entry {number}")
        if predicate["previous_sha256"] != previous:
            faults.append(f"{name}: it does not rest on the entry before it")
        previous = hashlib.sha256(content).hexdigest()
        entries.append((statement, previous))
    if not entries:
        faults.append("The ledger is empty.")
    return entries, faults


def check_tables(bundle, entries):
    """Check that the tables are those of the newest entry's publication, which is what readers see."""
    faults, checked = [], 0
    statement, _ = entries[-1]
    subjects = {one["name"]: one["digest"]["sha256"] for one in statement["subject"]}
    tables = statement["predicate"]["tables"]
    measured = {table["name"]: table["rows"] for table in tables if table["kind"] == "content"}
    take, suffix = DIGESTS.get(statement["predicateType"], (table_digest, ""))
    for name in bundle.names("tables"):
        table = name[len("tables/") : -len(suffix)]
        try:
            with bundle.open(name) as lines:
                found, rows = take(iter(lines))
        except ValueError:
            faults.append(f"{name}: a row cannot be read")
            continue
        checked += 1
        if found != subjects.get(f"reporting.{table}") or rows != measured.get(table):
            faults.append(f"{name}: its rows are not those that were signed")
    if not checked:
        faults.append("There is no table in the bundle.")
    return checked, faults


def check_anchors(file, entries):
    sums = {statement["predicate"]["entry"]: sha256 for statement, sha256 in entries}
    faults = []
    for line in Path(file).read_text(encoding="ascii").splitlines():
        entry, _, sha256 = line.partition(" ")
        if sums.get(int(entry)) != sha256:
            faults.append(f"Entry {entry} was anchored and is {'another one' if int(entry) in sums else 'gone'}")
    return faults


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--bundle", default=Path(__file__).parent, help="the zip file, or the folder it was unpacked to"
    )
    parser.add_argument("--public-key", action="append", help="a PEM file; default: the bundle's own")
    parser.add_argument("--anchors", help="a file of lines `entry sha256`, kept elsewhere")
    asked = parser.parse_args()
    bundle = Bundle(asked.bundle)
    pems = [Path(file).read_bytes() for file in asked.public_key or []] or [bundle.read("public-key.pem")]
    keys = [load_pem_public_key(pem) for pem in pems]
    for key in keys:
        fingerprint = hashlib.sha256(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).hexdigest()
        print(f"Public key, SHA-256: {fingerprint}{'' if asked.public_key else ' (out of the bundle: compare it)'}")
    entries, faults = check_ledger(bundle, keys)
    checked = 0
    if entries:
        checked, more = check_tables(bundle, entries)
        faults += more
    if asked.anchors:
        faults += check_anchors(asked.anchors, entries)
    for fault in faults:
        print(f"WRONG  {fault}")
    if entries:
        last = entries[-1][0]["predicate"]
        print(
            f"{len(entries)} entries of the ledger, {checked} tables of publication"
            f" {last['publication']['publication_id']}: {'all of it holds' if not faults else f'{len(faults)} faults'}."
        )
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
