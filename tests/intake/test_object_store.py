"""The inbox and the landing store in S3, against a server that speaks S3, and each thing that may be missing there."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import boto3
import httpx
import pytest
import s3fs
from moto.server import ThreadedMotoServer

from kvalitet.errors import KvalitetError, NotInstalled
from kvalitet.intake import extract, replay
from kvalitet.landing import Store, places
from kvalitet.landing.keys import identities
from kvalitet.landing.places import open_place
from kvalitet.landing.rotation import rotate_key
from kvalitet.persons.number import Number
from kvalitet.persons.originals import search
from kvalitet.settings import LOADER, Settings
from kvalitet.warehouse.connection import fetch_all

pytestmark = pytest.mark.slow

GOOD = [{"Sagsnummer": f"2024 - {n:05d}"} for n in range(50)]


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    running = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    running.start()
    host, port = running.get_host_and_port()
    yield f"http://{host}:{port}"
    running.stop()


@pytest.fixture
def s3(server: str, monkeypatch: pytest.MonkeyPatch) -> Iterator:
    """A client of an empty S3, which the environment names as an operator's would."""
    httpx.post(f"{server}/moto-api/reset", trust_env=False)
    monkeypatch.setenv("AWS_ENDPOINT_URL", server)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-north-1")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    sign_in(monkeypatch, "AKIAEXAMPLE", "not-a-real-secret")
    yield boto3.client("s3")
    s3fs.S3FileSystem.clear_instance_cache()


def sign_in(monkeypatch: pytest.MonkeyPatch, key: str, secret: str) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", secret)
    s3fs.S3FileSystem.clear_instance_cache()


def make_bucket(s3, name: str = "kvalitet") -> None:
    s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "eu-north-1"})


def let_only(s3, server: str, monkeypatch: pytest.MonkeyPatch, *allowed: dict) -> None:
    """From here on, sign in as a user who may do only what the statements allow."""
    iam = boto3.client("iam")
    iam.create_user(UserName="kvalitet")
    policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **statement} for statement in allowed]}
    iam.put_user_policy(UserName="kvalitet", PolicyName="rights", PolicyDocument=json.dumps(policy))
    key = iam.create_access_key(UserName="kvalitet")["AccessKey"]
    sign_in(monkeypatch, key["AccessKeyId"], key["SecretAccessKey"])
    httpx.post(f"{server}/moto-api/reset-auth", content=b"0", trust_env=False)


@pytest.fixture(autouse=True)
def everything_is_allowed_again(server: str) -> Iterator[None]:
    yield
    httpx.post(f"{server}/moto-api/reset-auth", content=b"inf", trust_env=False)


def refused(settings: Settings) -> str:
    with pytest.raises(KvalitetError) as failure:
        extract(settings, "bif_complaints")
    said = str(failure.value)
    assert "left out" not in said
    assert "No delivery" not in said
    return said


def test_s3_delivery_is_landed_and_rekeyed(settings: Settings, own_secrets, deliver, s3, monkeypatch):
    make_bucket(s3)
    monkeypatch.setenv("KVALITET_LANDING", "s3://kvalitet/landing")
    deliver(*GOOD, {"Sagsnummer": "2024 - 00099", "CPR": "0101901234"})
    assert extract(settings, "bif_complaints").outcome == "accepted"
    stored = s3.list_objects_v2(Bucket="kvalitet")["Contents"]
    assert {item["Key"].rsplit("/", 1)[0] for item in stored} == {"landing/bif_complaints"}
    assert len(stored) == 2 and all(item["Key"].endswith(".zst.age") for item in stored)
    assert not any(b"2024" in s3.get_object(Bucket="kvalitet", Key=item["Key"])["Body"].read() for item in stored)
    (load,) = fetch_all(settings, LOADER, "select load_id from audit.load")
    assert replay(settings, load["load_id"]).outcome == "nothing_new"
    assert sum(hit.records or 0 for hit in search(settings, Number.typed("010190-1234"))) == 1
    old = identities(settings)[0]
    assert rotate_key(settings) == 2
    for path in Store(settings).files():
        assert not Store(settings).opens_with(path, old)
        assert Store(settings).opens_with(path, identities(settings)[0])
    (first, *_) = Store(settings).files()
    Store(settings).remove(first)
    assert len(Store(settings).files()) == 1


def test_inbox_in_s3_is_read(settings: Settings, inbox: Path, deliver, s3):
    make_bucket(s3, "deliveries")
    deliver(*GOOD)
    elsewhere = replace(settings, inbox="s3://deliveries/in")
    assert extract(elsewhere, "bif_complaints").message == "No delivery is in the inbox."
    for file in (inbox / "bif_complaints").iterdir():
        s3.upload_file(str(file), "deliveries", f"in/bif_complaints/{file.name}")
    assert extract(elsewhere, "bif_complaints").outcome == "accepted"


def test_missing_bucket_is_not_made(settings: Settings, deliver, s3, monkeypatch):
    assert "KVALITET_INBOX names s3://nowhere/in, and nowhere does not exist" in refused(
        replace(settings, inbox="s3://nowhere/in")
    )
    monkeypatch.setenv("KVALITET_LANDING", "s3://kvalitte/landing")
    deliver(*GOOD)
    assert "KVALITET_LANDING names s3://kvalitte/landing, and kvalitte does not exist" in refused(settings)
    assert not s3.list_buckets()["Buckets"]


def test_missing_right_is_named(settings: Settings, deliver, s3, server, monkeypatch):
    make_bucket(s3)
    monkeypatch.setenv("KVALITET_LANDING", "s3://kvalitet/landing")
    deliver(*GOOD)
    let_only(s3, server, monkeypatch, {"Action": "s3:ListBucket", "Resource": "*"})
    assert "KVALITET_LANDING names s3://kvalitet/landing, and the right to it is missing" in refused(settings)
    with pytest.raises(KvalitetError, match="the right to it is missing"):
        Store(settings).opens_with("bif_complaints/x", identities(settings)[0])


def test_least_rights_are_enough(settings: Settings, own_secrets, deliver, s3, server, monkeypatch):
    """The rights to list the bucket and to use the objects below one folder are enough."""
    make_bucket(s3)
    monkeypatch.setenv("KVALITET_LANDING", "s3://kvalitet/landing")
    objects = ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"]
    let_only(
        s3,
        server,
        monkeypatch,
        {"Action": "s3:ListBucket", "Resource": "arn:aws:s3:::kvalitet"},
        {"Action": objects, "Resource": "arn:aws:s3:::kvalitet/landing/*"},
    )
    assert Store(settings).files() == {}
    deliver(*GOOD)
    assert extract(settings, "bif_complaints").outcome == "accepted"
    assert rotate_key(settings) == 2


def test_address_without_bucket_is_named(settings: Settings, s3):
    assert "KVALITET_INBOX names no bucket" in refused(replace(settings, inbox="s3://"))


def test_unlistable_inbox_is_named(settings: Settings, s3, server, monkeypatch):
    make_bucket(s3)
    let_only(s3, server, monkeypatch, {"Action": "s3:GetObject", "Resource": "*"})
    assert "KVALITET_INBOX names s3://kvalitet/in, and the right to it is missing" in refused(
        replace(settings, inbox="s3://kvalitet/in")
    )


def test_wrong_secret_is_not_printed(settings: Settings, s3, server, monkeypatch):
    make_bucket(s3)
    let_only(s3, server, monkeypatch, {"Action": "s3:ListBucket", "Resource": "arn:aws:s3:::kvalitet"})
    sign_in(monkeypatch, "AKIAUNKNOWN", "wrong")
    said = refused(replace(settings, inbox="s3://kvalitet/in"))
    assert "KVALITET_INBOX names s3://kvalitet/in" in said and "credentials" in said
    assert "wrong" not in said.replace("are wrong", "")


def test_unreachable_server_is_named(settings: Settings, s3, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    s3fs.S3FileSystem.clear_instance_cache()
    said = refused(replace(settings, inbox="s3://kvalitet/in"))
    assert "KVALITET_INBOX names s3://kvalitet/in, and it cannot be reached or signed in to" in said


def test_missing_package_is_named(monkeypatch: pytest.MonkeyPatch):
    def absent(address: str):
        raise ImportError("Install adlfs to access Azure Datalake Gen2 and Azure Blob Storage")

    monkeypatch.setattr(places.fsspec.core, "url_to_fs", absent)
    with pytest.raises(NotInstalled, match=r"KVALITET_LANDING begins with abfs://.*--extra abfs.*KVALITET_EXTRAS=abfs"):
        open_place("KVALITET_LANDING", "abfs://kvalitet/landing")


@pytest.mark.parametrize("address", ["nosuch://x/y", "ftpp://host/x"])
def test_unknown_address_scheme_is_named(address: str):
    with pytest.raises(KvalitetError, match="no kind of address known here"):
        open_place("KVALITET_INBOX", address)


def test_missing_inbox_folder_is_named(settings: Settings, tmp_path: Path):
    gone = tmp_path / "unmounted"
    assert f"KVALITET_INBOX names file://{gone}, and {gone} does not exist" in refused(
        replace(settings, inbox=f"file://{gone}")
    )
