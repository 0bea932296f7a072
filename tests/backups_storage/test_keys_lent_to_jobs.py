"""A job is lent the least: a key for its own prefix, for its own time, that deletes nothing. Asked of a real MinIO."""

from __future__ import annotations

import json
import os

import pytest
from botocore.exceptions import ClientError

from backups import storage, stores
from backups.errors import Forbidden
from backups.storage import Credentials, Store
from backups.transfer import Upload
from tests.agent.trees import Worker
from tests.backups_storage.test_a_bucket_with_versions import KEY, PROGRAM, SECRET, minio

__all__ = ["minio"]
needs_minio = pytest.mark.skipif(not PROGRAM, reason="no MinIO here: name its program in AFTERMATH_MINIO")


@pytest.fixture
def real(settings, monkeypatch):
    """The settings of a real cluster whose store gives out narrower keys."""
    monkeypatch.setattr(stores, "given", {})
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    settings.CLUSTER, settings.S3_ROLE = "kubernetes", "arn:aws:iam::123456789012:role/jobs"
    return settings


@pytest.fixture
def shop(minio, real):
    """A store with something of the job's and something of others'."""
    real.S3_ENDPOINT = minio.endpoint
    for key in ("mine/a", "mine/b", "others/a", "mine-too/a"):
        minio.put_bytes(key, b"1")
    return minio


def lent(shop: Store, *, write: bool = False) -> Store:
    told = stores.lent(shop.bucket, "/mine/", write=write)
    return Store(shop.endpoint, "us-east-1", shop.bucket, Credentials.from_environment(told))


@needs_minio
def test_one_that_reads_can_do_nothing_else(shop):
    key = lent(shop)
    assert key.credentials.token
    assert key.get_bytes("mine/a") == b"1"
    assert {item.key for page in key.listing("mine") for item in page} == {"mine/a", "mine/b"}
    for refused in (
        lambda: key.get_bytes("others/a"),
        lambda: key.get_bytes("mine-too/a"),
        lambda: key.put_bytes("mine/new", b"1"),
        lambda: key.begin("mine/new"),
        lambda: key.delete("mine/a"),
        lambda: list(key.listing("others")),
        lambda: list(key.listing()),
    ):
        with pytest.raises(Forbidden):
            refused()
    assert shop.get_bytes("mine/a") == b"1"


@needs_minio
def test_one_that_writes_cannot_write_elsewhere_and_deletes_nothing(shop):
    key = lent(shop, write=True)
    key.put_bytes("mine/new", b"1")
    with Upload(key, "mine/long", part=5 << 20) as upload:
        upload.write(bytes(12 << 20))
        upload.finish()
    with Upload(key, "mine/given-up", part=5 << 20) as upload:
        upload.write(bytes(12 << 20))
    assert shop.head("mine/long").size == 12 << 20
    assert not shop.exists("mine/given-up")
    version = shop.head("mine/a").version
    for refused in (
        lambda: key.put_bytes("others/new", b"1"),
        lambda: key.put_bytes("new", b"1"),
        lambda: key.begin("mine-too/new"),
        lambda: key.delete("mine/a"),
    ):
        with pytest.raises(Forbidden):
            refused()
    with pytest.raises(ClientError, match="Denied"):
        key.client.delete_object(Bucket=key.bucket, Key="mine/a", VersionId=version)
    assert shop.get_bytes("mine/a") == b"1"


@needs_minio
def test_an_agent_archives_and_restores_with_such_keys(shop, monkeypatch):
    worker = Worker("real" if os.geteuid() == 0 else "beside")
    place = {"endpoint": shop.endpoint, "region": "us-east-1", "bucket": shop.bucket}
    try:
        worker.fill({"x": b"1" * 5000})
        for verb, write, spec in (
            ("archive", True, {"name": "n", "prefix": "mine"}),
            ("restore", False, {"key": "mine/n.tar.zst"}),
        ):
            for name, value in stores.lent(shop.bucket, "mine", write=write).items():
                monkeypatch.setenv(name, value)
            told = worker.agent(verb, run="r", store=place, **spec)
            monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEY)
            monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
            monkeypatch.delenv("AWS_SESSION_TOKEN")
        assert told["files"] == 1
    finally:
        worker.close()


class Sts:
    """What is asked of it; a role of one hour says no to more."""

    def __init__(self, most: int = 12 * 3600) -> None:
        self.most, self.asked = most, []

    def client(self, name, **more):
        assert name == "sts"
        return self

    def assume_role(self, **asked):
        self.asked.append(asked)
        if asked["DurationSeconds"] > self.most:
            words = "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
            raise ClientError({"Error": {"Code": "ValidationError", "Message": words}}, "AssumeRole")
        return {"Credentials": {"AccessKeyId": "k", "SecretAccessKey": "s", "SessionToken": "t"}}


@pytest.fixture
def sts(real, monkeypatch):
    made = Sts()
    monkeypatch.setattr(storage, "session", lambda: made)
    return made


def test_it_lasts_as_long_as_the_job_and_never_longer_than_half_a_day(sts):
    for seconds in (60, 7200, 48 * 3600):
        stores.lent("b", "p", seconds=seconds)
    assert [asked["DurationSeconds"] for asked in sts.asked] == [900, 7200, 12 * 3600]
    assert {asked["RoleArn"] for asked in sts.asked} == {"arn:aws:iam::123456789012:role/jobs"}


def test_a_role_that_gives_an_hour_is_asked_for_an_hour(sts, caplog):
    sts.most = 3600
    assert stores.lent("b", "p", seconds=7200)["AWS_SESSION_TOKEN"] == "t"
    assert [asked["DurationSeconds"] for asked in sts.asked] == [7200, 3600]
    assert "3600 seconds at most" in caplog.text


def test_a_job_that_is_asked_for_again_and_again_gets_the_same_key(sts):
    for _ in range(20):
        stores.lent("b", "p")
    stores.lent("b", "p", write=True)
    assert len(sts.asked) == 2


def test_the_policy_names_nothing_that_deletes(sts):
    stores.lent("b", "p/q", write=True)
    told = json.loads(sts.asked[0]["Policy"])
    actions = {action for statement in told["Statement"] for action in statement["Action"]}
    assert actions == {"s3:GetObject", "s3:PutObject", "s3:AbortMultipartUpload", "s3:ListBucket"}
    assert told["Statement"][0]["Resource"] == ["arn:aws:s3:::b/p/q/*"]


def test_without_the_setting_the_key_that_is_there_is_lent(real, sts):
    real.S3_ROLE = ""
    assert stores.lent("b", "p")["AWS_ACCESS_KEY_ID"] == KEY
    assert not sts.asked
    real.S3_STS = "https://sts.example.org"
    assert stores.lent("b", "p")["AWS_ACCESS_KEY_ID"] == "k"
