"""A person brings a file as a copy of a volume: it is taken in as it comes, read by a worker, and can be restored."""

from __future__ import annotations

import gzip
import io
import os
import tarfile
from datetime import UTC, datetime, timedelta

import pytest
import zstandard
from django.db import OperationalError
from django.test import Client
from django.urls import reverse
from django.utils.timezone import now

from audit.models import Entry
from backups import actions, brought, scanning, stores, tasks, uploads
from backups.arriving import Arrival
from backups.manifest import Manifest, beside
from backups.models import RecoveryPoint, Source, Upload
from tests.agent.test_archives_from_elsewhere import CONFIG, home_assistant
from tests.agent.test_archives_made_by_an_enemy import HOSTILE, LINK, entry, tar_of
from tests.agent.trees import Refusal, Worker
from tests.stores import KEY, SECRET

LONG_AGO = datetime(2026, 3, 1, 12, tzinfo=UTC)
STORAGE = entry(".storage/auth", data=b"{}", mtime=LONG_AGO.timestamp())
WHOLE = tar_of(STORAGE, entry("configuration.yaml", data=b"x" * 5000, mtime=5.0))
zst = zstandard.ZstdCompressor().compress


@pytest.fixture
def here(archives, store, monkeypatch):
    """The volume whose archives are in a bucket that is really there, and no worker that hears a knock."""
    Source.objects.filter(pk=archives.pk).update(bucket=store.bucket)
    monkeypatch.setattr(stores, "store", lambda bucket: store)
    monkeypatch.setattr(tasks, "knock", lambda: None)
    return archives.volume


def bring(client: Client, volume, data: bytes, name: str = "copy.tar", **more):
    return client.post(reverse("upload-new", args=[volume.pk]), {"file": named(data, name), "end": "1", **more})


def named(data: bytes, name: str) -> io.BytesIO:
    file = io.BytesIO(data)
    file.name = name
    return file


def keys(store) -> set[str]:
    return {item.key for page in store.listing() for item in page}


def unfinished(store) -> list:
    try:
        return store.client.list_multipart_uploads(Bucket=store.bucket).get("Uploads", [])
    except store.client.exceptions.NoSuchUpload:  # so this server says that there never was one
        return []


def nothing_is_left(store) -> bool:
    return (
        not keys(store)
        and not Upload.objects.exists()
        and not Source.objects.filter(kind="uploads").exists()
        and not Entry.objects.filter(action__startswith="upload").exists()
    )


# --- Taking it in


def test_a_file_goes_beside_the_archives_and_becomes_a_recovery_point(client, alice, here, store):
    client.force_login(alice)
    answer = bring(client, here, gzip.compress(WHOLE), "My copy (2).tar.gz")
    upload = Upload.objects.get()
    assert answer.headers["location"] == reverse("upload", args=[upload.pk])
    assert (upload.state, upload.name, upload.by) == ("reading", "My copy (2).tar.gz", "alice")
    assert upload.key.startswith("archives/home/uploads/")
    assert upload.key.endswith("-My-copy-2-.tar.gz")
    assert keys(store) == {upload.key}
    tasks.read_uploads()
    point = RecoveryPoint.objects.get()
    assert (point.kind, point.ref, point.volume) == ("upload", upload.key, here)
    assert (point.files, point.bytes, point.verified) == (2, 5002, None)
    assert point.sentinels == {".storage/auth": True}
    assert point.taken == LONG_AGO
    assert set(point.manifest["top"]) == {".storage", "."}
    shown = client.get(reverse("upload", args=[upload.pk])).content.decode()
    assert f"?volume={here.pk}&amp;point={point.pk}" in shown
    assert Entry.objects.filter(action="upload.reading", actor="alice").exists()
    assert Entry.objects.filter(action="upload.ready", actor="engine").exists()


def test_what_the_manifest_beside_it_says_lets_it_be_found_again(client, alice, here, store):
    client.force_login(alice)
    bring(client, here, WHOLE)
    tasks.read_uploads()
    source, was = Source.objects.get(kind="uploads"), RecoveryPoint.objects.get().manifest
    RecoveryPoint.objects.all().delete()
    Source.objects.update(not_before=now())
    assert scanning.scan(source, stores.store, lambda: None)
    assert RecoveryPoint.objects.get().manifest == was
    kept = Manifest.from_bytes(store.get_bytes(beside(RecoveryPoint.objects.get().ref)))
    assert kept.archive.bytes == store.head(kept.archive.key).size


def test_it_is_no_archive_of_ours_to_those_who_list_the_archives(client, alice, here, archives, store):
    client.force_login(alice)
    bring(client, here, WHOLE)
    tasks.read_uploads()
    Source.objects.update(not_before=now())
    archives.refresh_from_db()
    scanning.scan(archives, stores.store, lambda: None)
    assert archives.points.count() == 0
    assert archives.scans.get().told["without_manifest"] == 0


def test_a_long_file_is_never_whole_in_memory(client, alice, here, store, monkeypatch):
    """Three parts and a bit: what waits to be sent is never more than a part, whatever the file's size."""
    client.force_login(alice)
    most = []
    real = Arrival.receive_data_chunk

    def watched(self, raw_data, start):
        real(self, raw_data, start)
        most.append(len(self.first) + (len(self.transfer.buffer) if self.transfer else 0))

    monkeypatch.setattr(Arrival, "receive_data_chunk", watched)
    noise = os.urandom(50 << 20)
    assert bring(client, here, tar_of(STORAGE, entry("noise", data=noise))).status_code == 302
    assert len(most) >= 40
    assert max(most) <= (16 << 20) + (2 << 20)
    tasks.read_uploads()
    assert RecoveryPoint.objects.get().bytes == (50 << 20) + 2


def test_the_key_is_never_a_path_of_theirs():
    at = datetime(2026, 11, 23, 9, 0, 5, tzinfo=UTC)
    for name in ("../../etc/passwd.tar", "C:\\Users\\x\\a.tar", "/", "..", "é\n.tar", "-rf.tar", "x" * 300 + ".tar.gz"):
        key = uploads.key_of("a/uploads", name, at)
        folder, _, last = key.rpartition("/")
        assert folder == "a/uploads"
        assert last.startswith("20261123-090005-")
        assert len(last) < 130
        assert last.replace(".", "").replace("-", "").replace("_", "").isalnum()
    assert uploads.key_of("a", "same.tar", at) != uploads.key_of("a", "same.tar", at)


# --- What is not taken

NOT_TAKEN = {
    "a zip": (b"PK\x03\x04" + bytes(600), "ZIP"),
    "a PDF": (b"%PDF-1.7" + bytes(600), "PDF"),
    "nothing": (b"", "empty"),
    "a picture": (b"\x89PNG\r\n" + os.urandom(5000), "no archive"),
    "a few bytes": (b"hello", "no archive"),
    "bz2": (b"BZh9" + bytes(600), "not read here"),
    "a compressed text": (gzip.compress(b"hello " * 5000), "inside is no tar"),
    "a text compressed otherwise": (zst(b"hello " * 5000), "inside is no tar"),
    "gzip that breaks off at once": (gzip.compress(WHOLE)[:12], "breaks off"),
    "a broken gzip": (b"\x1f\x8b" + os.urandom(5000), "no archive"),
    "zstd that breaks off at once": (zst(WHOLE)[:12], "breaks off"),
    "a broken zstd": (b"\x28\xb5\x2f\xfd" + b"\xff" * 5000, "no archive"),
    "a large picture": (b"\x89PNG\r\n" + os.urandom(20 << 20), "no archive"),
}


@pytest.mark.parametrize("what", NOT_TAKEN)
def test_what_is_no_archive_is_refused_with_a_sentence_and_leaves_nothing(client, alice, here, store, what):
    data, words = NOT_TAKEN[what]
    client.force_login(alice)
    answer = bring(client, here, data)
    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert nothing_is_left(store)


def test_no_file_at_all_is_said(client, alice, here, store):
    client.force_login(alice)
    answer = client.post(reverse("upload-new", args=[here.pk]), {"end": "1"})
    assert answer.status_code == 422
    assert "Choose a file" in answer.content.decode()


@pytest.mark.parametrize("size", [3_000, 40 << 20])
def test_a_connection_that_is_lost_half_way_leaves_nothing(client, alice, here, store, size):
    """The server sees only that no more comes: the file looks as if it had ended there."""
    client.force_login(alice)
    noise = entry("noise", data=os.urandom(size))
    body = (
        b'--aBoundary\r\nContent-Disposition: form-data; name="file"; filename="a.tar"\r\n\r\n'
        + tar_of(STORAGE, noise)
        + b'\r\n--aBoundary\r\nContent-Disposition: form-data; name="end"\r\n\r\n1\r\n--aBoundary--\r\n'
    )
    url = reverse("upload-new", args=[here.pk])
    for cut in (len(body) // 2, len(body) - 150):
        answer = client.post(url, body[:cut], content_type="multipart/form-data; boundary=aBoundary")
        assert answer.status_code == 422
        assert "broke off" in answer.content.decode()
        assert nothing_is_left(store)
        assert not unfinished(store)
    assert client.post(url, body, content_type="multipart/form-data; boundary=aBoundary").status_code == 302


def test_what_says_that_it_is_too_long_is_not_even_read(client, alice, here, store, settings, monkeypatch):
    client.force_login(alice)
    settings.UPLOAD_LIMIT_GB = 0
    monkeypatch.setattr(uploads, "AROUND", 100)
    monkeypatch.setattr(Arrival, "new_file", None)
    answer = bring(client, here, WHOLE)
    assert answer.status_code == 422
    assert "the most that is taken here" in answer.content.decode()


def test_what_turns_out_to_be_too_long_is_given_up(client, alice, here, store, monkeypatch):
    client.force_login(alice)
    monkeypatch.setattr(uploads, "limit", lambda: 1 << 20)
    monkeypatch.setattr(uploads, "AROUND", 10**9)
    answer = bring(client, here, tar_of(entry("noise", data=os.urandom(20 << 20))))
    assert "the most that is taken here" in answer.content.decode()
    assert nothing_is_left(store)


def test_two_files_at_once_are_not_taken(client, alice, here, store):
    client.force_login(alice)
    both = {"file": [named(WHOLE, "a.tar"), named(WHOLE, "b.tar")], "end": "1"}
    answer = client.post(reverse("upload-new", args=[here.pk]), both)
    assert "One file at a time" in answer.content.decode()
    assert nothing_is_left(store)


def test_a_form_without_its_token_is_refused_and_leaves_nothing(alice, here, store):
    client = Client(enforce_csrf_checks=True)
    client.force_login(alice)
    assert bring(client, here, tar_of(entry("noise", data=os.urandom(20 << 20)))).status_code == 403
    assert nothing_is_left(store)
    page = client.get(reverse("upload-new", args=[here.pk]))
    token = page.context["csrf_token"]
    answer = client.post(
        reverse("upload-new", args=[here.pk]),
        {"csrfmiddlewaretoken": str(token), "file": named(WHOLE, "a.tar"), "end": "1"},
    )
    assert answer.status_code == 302


def test_only_operators_may_bring_a_file(client, bob, carol, here, store):
    for person in (bob, carol):
        client.force_login(person)
        assert bring(client, here, WHOLE).status_code == 403
        assert "do-upload" not in client.get(reverse("volume", args=[here.pk])).content.decode()
    assert nothing_is_left(store)


def test_the_volume_has_a_button_for_it(client, alice, here, store):
    client.force_login(alice)
    assert reverse("upload-new", args=[here.pk]) in client.get(reverse("volume", args=[here.pk])).content.decode()
    shown = client.get(reverse("upload-new", args=[here.pk])).content.decode()
    assert "30" in shown
    assert 'enctype="multipart/form-data"' in shown
    assert shown.index('type="file"') < shown.index('name="end"')


def test_without_a_place_for_archives_there_is_nowhere_to_put_it(client, alice, volume):
    client.force_login(alice)
    assert "nowhere to put it" in client.get(reverse("upload-new", args=[volume.pk])).content.decode()
    assert bring(client, volume, WHOLE).status_code == 200


def test_a_store_that_says_no_is_said_and_nothing_stays(client, alice, here, store, monkeypatch):
    client.force_login(alice)
    monkeypatch.setattr(stores, "store", lambda bucket: type(store)(store.endpoint, "us-east-1", "no-such-bucket"))
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "x")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "y")
    answer = bring(client, here, WHOLE)
    assert answer.status_code == 422
    assert "did not take it" in answer.content.decode()
    assert nothing_is_left(store)


# --- Reading it


@pytest.mark.parametrize("what", sorted(set(HOSTILE)))
def test_what_no_restore_would_take_is_refused_and_taken_away_again(client, alice, here, store, what):
    client.force_login(alice)
    code, entries = HOSTILE[what]
    bring(client, here, tar_of(STORAGE, *entries) if entries else tar_of())
    tasks.read_uploads()
    upload = Upload.objects.get()
    assert (upload.state, upload.why["code"]) == ("refused", code)
    assert not RecoveryPoint.objects.exists()
    assert not keys(store)
    shown = client.get(reverse("upload", args=[upload.pk])).content.decode()
    assert "no recovery point" in shown
    assert upload.name in client.get(reverse("volume", args=[here.pk])).content.decode()


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (gzip.compress(tar_of(STORAGE, entry("noise", data=os.urandom(100_000))))[:-5000], "breaks off"),
        (zst(tar_of(STORAGE, entry("noise", data=os.urandom(200_000))))[:-5000], "breaks off"),
        (tar_of(STORAGE, entry("noise", data=bytes(5000)))[:2048], "breaks off"),
        (home_assistant(*CONFIG, protected=True), "encrypted"),
    ],
)
def test_what_is_wrong_further_in_is_said_too(client, alice, here, store, data, words):
    client.force_login(alice)
    bring(client, here, data)
    tasks.read_uploads()
    assert words in client.get(reverse("upload", args=[Upload.objects.get().pk])).content.decode()
    assert not keys(store)


def test_a_home_assistant_backup_asks_nothing(client, alice, here, store):
    client.force_login(alice)
    bring(client, here, home_assistant(*CONFIG), "Automatic_backup.tar")
    tasks.read_uploads()
    point = RecoveryPoint.objects.get()
    assert (point.manifest["inner"], point.manifest["strip"]) == ("homeassistant.tar.gz", "data")
    assert point.files == 2
    assert point.sentinels == {".storage/auth": True}
    assert "Home Assistant backup" in client.get(reverse("upload", args=[Upload.objects.get().pk])).content.decode()


def test_where_everything_lies_in_a_folder_a_person_says_which_is_the_root(client, alice, carol, here, store):
    client.force_login(alice)
    bring(client, here, tar_of(*(entry(f"backup/data/{name}", data=b"1") for name in (".storage/auth", "b", "c"))))
    tasks.read_uploads()
    upload = Upload.objects.get()
    assert upload.state == "asking"
    assert [each["root"] for each in upload.told["roots"]] == ["backup/data", "", "backup"]
    page, choose = reverse("upload", args=[upload.pk]), reverse("upload-root", args=[upload.pk])
    shown = client.get(page).content.decode()
    assert 'value="backup/data"' in shown
    assert "holds .storage/auth" in shown
    assert not RecoveryPoint.objects.exists()
    client.post(choose, {"root": "elsewhere"})
    assert Upload.objects.get().state == "asking"
    client.post(choose, {"root": "backup/data"})
    assert Upload.objects.get().state == "reading"
    tasks.read_uploads()
    point = RecoveryPoint.objects.get()
    assert (point.manifest["strip"], point.files) == ("backup/data", 3)
    assert point.sentinels == {".storage/auth": True}
    assert "Somebody has chosen already" in client.post(choose, {"root": "backup/data"}, follow=True).content.decode()
    client.force_login(carol)
    assert client.post(choose, {"root": ""}).status_code == 403


def test_the_file_may_be_meant_as_it_is(client, alice, here, store):
    client.force_login(alice)
    bring(client, here, tar_of(entry("only/a", data=b"1"), entry("only/b", data=b"1")))
    tasks.read_uploads()
    client.post(reverse("upload-root", args=[Upload.objects.get().pk]), {"root": ""})
    tasks.read_uploads()
    point = RecoveryPoint.objects.get()
    assert point.manifest["strip"] == ""
    assert point.sentinels == {".storage/auth": False}


def test_links_among_the_files_do_no_harm(client, alice, here, store):
    client.force_login(alice)
    bring(client, here, tar_of(STORAGE, entry("l", LINK, ".storage"), entry("h", tarfile.LNKTYPE, ".storage/auth")))
    tasks.read_uploads()
    assert RecoveryPoint.objects.get().files == 3


def test_a_time_to_come_is_not_believed(client, alice, here, store):
    client.force_login(alice)
    bring(client, here, tar_of(entry(".storage/auth", data=b"1", mtime=now().timestamp() + 10**7)))
    tasks.read_uploads()
    assert RecoveryPoint.objects.get().taken <= now()


# --- Restoring it

IN_A_FOLDER = [
    entry("b/config", tarfile.DIRTYPE, mode=0o755),
    entry("beside", data=b"not this"),
    entry("b/config/.storage/auth", data=b'{"new": true}'),
    entry("b/config/again", data=b"1"),
    entry("b/config/again", data=b"22"),
]
BROUGHT = {
    "as it is": (WHOLE, None, {".storage/auth", "configuration.yaml"}),
    "as .tar.gz": (gzip.compress(WHOLE), None, {".storage/auth", "configuration.yaml"}),
    "as .tar.zst": (zst(WHOLE), None, {".storage/auth", "configuration.yaml"}),
    "a Home Assistant backup": (home_assistant(*CONFIG), None, {".storage/auth", "configuration.yaml"}),
    "in a folder": (gzip.compress(tar_of(*IN_A_FOLDER)), "b/config", {".storage/auth", "again"}),
}


@pytest.fixture
def worker(monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    made = Worker("real" if os.geteuid() == 0 else "beside")
    yield made
    made.close()


@pytest.mark.parametrize("what", BROUGHT)
def test_what_was_read_is_what_the_agent_restores_by_its_name_alone(client, alice, here, store, worker, what):
    data, root, files = BROUGHT[what]
    client.force_login(alice)
    bring(client, here, data, "copy")
    tasks.read_uploads()
    if root:
        client.post(reverse("upload-root", args=[Upload.objects.get().pk]), {"root": root})
        tasks.read_uploads()
    place = {"endpoint": store.endpoint, "region": store.region, "bucket": store.bucket}
    told = worker.agent("restore", run="r", key=RecoveryPoint.objects.get().ref, store=place)
    assert "no-manifest" not in told["notes"]
    verified = worker.agent("verify", run="r", json=[".storage/auth"])
    assert verified["sentinels"][0]["exists"]
    staging = worker.data / ".aftermath/r/staging"
    assert {str(path.relative_to(staging)) for path in staging.rglob("*") if path.is_file()} == files


def test_what_was_replaced_in_the_store_since_is_not_restored(client, alice, here, store, worker):
    client.force_login(alice)
    bring(client, here, WHOLE)
    tasks.read_uploads()
    key = RecoveryPoint.objects.get().ref
    changed = bytearray(WHOLE)
    changed[WHOLE.index(b"xxxx")] ^= 1
    store.put_bytes(key, bytes(changed))
    place = {"endpoint": store.endpoint, "region": store.region, "bucket": store.bucket}
    with pytest.raises(Refusal, match="wrong-digest"):
        worker.agent("restore", run="r", key=key, store=place)


# --- Who is at it


def test_two_readers_do_not_read_the_same_file(client, alice, here, store):
    client.force_login(alice)
    bring(client, here, WHOLE)
    upload = Upload.objects.get()
    first = brought.Reading(upload)
    assert first.take()
    assert not brought.see_to(upload, stores.store)
    Upload.objects.update(not_before=now() - timedelta(seconds=1))  # the first was silent for too long
    assert brought.see_to(Upload.objects.get(), stores.store)
    first.next = 0
    with pytest.raises(brought.Lost):
        first.tick(5)
    assert RecoveryPoint.objects.count() == 1


def test_a_store_that_does_not_answer_is_asked_again_later(client, alice, here, store, monkeypatch):
    client.force_login(alice)
    bring(client, here, WHOLE)
    dead = type(store)("http://127.0.0.1:9", "us-east-1", store.bucket, store.credentials)
    assert brought.see_to(Upload.objects.get(), lambda bucket: dead)
    upload = Upload.objects.get()
    assert upload.state == "reading"
    assert upload.not_before > now()
    Upload.objects.update(not_before=now())
    tasks.read_uploads()
    assert RecoveryPoint.objects.count() == 1


def test_what_a_dead_web_process_left_half_way_is_taken_back(here, archives, store, alice):
    archives.refresh_from_db()
    row = uploads.expect(here, archives, name="a.tar", of=10, by=brought.ENGINE)
    transfer = store.begin(row.key)
    store.put_part(row.key, transfer, 1, b"x" * (5 << 20))
    Upload.objects.update(transfer=transfer)
    tasks.read_uploads()
    assert Upload.objects.exists(), "it may still be arriving"
    Upload.objects.update(not_before=now())
    tasks.read_uploads()
    assert nothing_is_left(store)
    assert not unfinished(store)


def test_one_that_was_taken_back_while_it_still_came_is_not_kept(client, alice, here, store, monkeypatch):
    client.force_login(alice)
    real = Arrival.keep

    def late(self):
        Upload.objects.update(not_before=now())
        tasks.read_uploads()
        real(self)

    monkeypatch.setattr(Arrival, "keep", late)
    answer = bring(client, here, WHOLE)
    assert answer.status_code == 422
    assert "broke off" in answer.content.decode()
    assert nothing_is_left(store)


def test_what_is_in_the_store_and_could_not_be_written_down_is_taken_back(alice, here, store, monkeypatch):
    """The database fails at the last step: the row stays as it was, and with it somebody knows of the object."""
    client = Client(raise_request_exception=False)
    client.force_login(alice)

    def fails(*args, **kwargs):
        raise OperationalError("the disk is full")

    monkeypatch.setattr(actions, "keep_upload", fails)
    assert bring(client, here, WHOLE).status_code == 500
    assert len(keys(store)) == 1
    Upload.objects.update(not_before=now())
    tasks.read_uploads()
    assert nothing_is_left(store)


def test_beat_makes_good_a_knock_that_nobody_heard(client, alice, here, store, monkeypatch):
    client.force_login(alice)
    bring(client, here, WHOLE)
    knocks = []
    monkeypatch.setattr(tasks, "knock", lambda: knocks.append(1))
    Source.objects.update(not_before=now() + timedelta(hours=1))
    tasks.scan_all()
    assert knocks
