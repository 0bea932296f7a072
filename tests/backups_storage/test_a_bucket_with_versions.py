"""These need MinIO, for `rclone serve s3` keeps no versions: AFTERMATH_MINIO names its program."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator

import pytest
from botocore.exceptions import ClientError

from backups.errors import Unreachable
from backups.storage import Credentials, Store
from cluster import children
from cluster.range.store import answers, free_port

PROGRAM = os.environ.get("AFTERMATH_MINIO", "")
pytestmark = pytest.mark.skipif(not PROGRAM, reason="no MinIO here: name its program in AFTERMATH_MINIO")
KEY, SECRET = "minio-key", "minio-secret"


@pytest.fixture(scope="module")
def minio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    port = free_port()
    child = children.start(
        [PROGRAM, "server", str(tmp_path_factory.mktemp("minio")), "--address", f"127.0.0.1:{port}"],
        env={**os.environ, "MINIO_ROOT_USER": KEY, "MINIO_ROOT_PASSWORD": SECRET},
    )
    store = Store(f"http://127.0.0.1:{port}", "us-east-1", "versioned", Credentials(KEY, SECRET))
    end = time.monotonic() + 30
    try:
        while not (answers(port) and made(store)):
            assert time.monotonic() < end, "MinIO did not answer"
            time.sleep(0.1)
        yield store
    finally:
        children.stop(child)


def made(store: Store) -> bool:
    try:
        store.client.create_bucket(Bucket=store.bucket, ObjectLockEnabledForBucket=True)
    except (ClientError, Unreachable):
        return False
    return True


def test_a_wipe_is_seen_as_delete_markers_and_what_it_hid_is_counted(minio):
    for n in range(1_050):
        minio.put_bytes(f"p/d{n % 3}/{n}", b"x" * 10)
    minio.put_bytes("p/.storage/auth", b"1")
    minio.put_bytes("p/.storage/auth", b"22")
    for n in range(0, 30, 3):
        minio.delete(f"p/d0/{n}")
    scan = minio.scan("p", [".storage/auth"])
    assert (scan.complete, scan.objects) == (True, 1_041)
    assert (scan.old_versions.objects, scan.old_versions.bytes) == (11, 101)
    assert scan.delete_markers == sum(scan.delete_markers_by_day.values()) == 10
    assert scan.sentinels[".storage/auth"].bytes == 2
    assert scan.sentinels[".storage/auth"].version


def test_versions_lock_and_lifecycle_are_read_from_the_bucket(minio):
    rule = {
        "ID": "r",
        "Status": "Enabled",
        "Filter": {"Prefix": ""},
        "NoncurrentVersionExpiration": {"NoncurrentDays": 9},
    }
    minio.client.put_bucket_lifecycle_configuration(Bucket=minio.bucket, LifecycleConfiguration={"Rules": [rule]})
    told = minio.settings()
    assert (told.versioning, told.lock, told.lifecycle, told.noncurrent_days) == ("on", "on", "on", 9)
    assert told.unread == {}


def test_a_listing_shows_newest_versions_only(minio):
    assert len([item for page in minio.listing("p") for item in page]) == 1_041
