from __future__ import annotations

import hashlib
import random

import pytest

from backups import storage
from backups.errors import Refused, Unreachable
from backups.transfer import Download, Upload
from tests.stores import files_below, through

MB = 1 << 20


def noise(size: int) -> bytes:
    return random.Random(size).randbytes(size)


def send(store, parts: int, patience: float = 60) -> None:
    with Upload(store, "up", part=5 * MB, patience=patience) as upload:
        for _ in range(parts):
            upload.write(noise(5 * MB))
        upload.finish()


def read_all(download: Download) -> bytes:
    found = bytearray()
    while data := download.read(1 << 16):
        found += data
    return bytes(found)


@pytest.mark.parametrize("size", [0, 1, 5 * MB, 5 * MB + 1, 17 * MB])
def test_what_is_sent_up_comes_down_the_same(store, size):
    data = noise(size)
    with Upload(store, "long/object", part=5 * MB) as upload:
        for at in range(0, size, 700_001):
            upload.write(data[at : at + 700_001])
        upload.finish()
    assert hashlib.sha256(read_all(Download(store, "long/object"))).digest() == hashlib.sha256(data).digest()


def test_an_upload_that_is_left_half_way_leaves_nothing(s3, store):
    def half() -> None:
        with Upload(store, "half", part=5 * MB) as upload:
            upload.write(noise(11 * MB))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        half()
    assert not store.exists("half")
    assert store.client.list_multipart_uploads(Bucket=store.bucket).get("Uploads", []) == []
    assert files_below(s3.folder / store.bucket) == {}


def test_an_upload_never_touches_the_object_that_it_would_replace_until_it_is_whole(store):
    store.put_bytes("kept", b"the old one")
    with Upload(store, "kept", part=5 * MB) as upload:
        upload.write(noise(6 * MB))
        assert store.get_bytes("kept") == b"the old one"
    assert store.get_bytes("kept") == b"the old one"


def test_a_download_that_is_cut_goes_on_from_where_it_was(store, wire):
    data = noise(9 * MB)
    store.put_bytes("cut", data)
    wire.cut_after, wire.cuts = 2 * MB, 3
    assert read_all(Download(through(store, wire.port), "cut")) == data
    assert wire.cuts == 0


def test_a_download_that_is_replaced_meanwhile_is_refused(store, wire):
    store.put_bytes("changed", noise(4 * MB))
    wire.cut_after = 1 * MB
    download = Download(through(store, wire.port), "changed")
    download.read(1000)
    store.put_bytes("changed", noise(5 * MB))
    with pytest.raises(Refused) as caught:
        read_all(download)
    assert caught.value.code == "object-changed"


def test_a_silent_server_is_given_up(store, wire, monkeypatch):
    monkeypatch.setattr(storage, "READ", 1)
    monkeypatch.setattr(storage, "TRIES", 1)
    store.put_bytes("silent", noise(4 * MB))
    held = through(store, wire.port)
    download = Download(held, "silent", patience=1.5)
    wire.hold = True
    with pytest.raises(Unreachable):
        read_all(download)
    with pytest.raises(Unreachable):
        send(held, 8, patience=1.5)
    assert not store.exists("up")


def test_a_part_that_is_refused_ends_the_upload_and_says_so(store, monkeypatch):
    def refuse(*_: object) -> str:
        raise Refused("The disk is full.")

    monkeypatch.setattr(storage.Store, "put_part", refuse)
    with pytest.raises(Refused, match="full"):
        send(store, 8)
    assert not store.exists("up")
