"""What is found in a source: archives with their manifests, mirrors, snapshots; and what is concluded from it."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.utils.timezone import now

from audit.models import Entry
from backups import queries, released, scanning, stores, tasks
from backups.errors import Unreachable
from backups.lease import lease
from backups.manifest import Manifest, Sentinel, Stored, beside
from backups.models import RecoveryPoint, Scan, Source
from backups.points import Asked, Looked, look
from backups.queries import sources
from cluster.api import ClaimRef, Released, Snapshot
from cluster.errors import Unreachable as ClusterUnreachable

TAKEN = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
CLAIM = ClaimRef("home", "config")


def manifest(key: str, size: int, **changes) -> bytes:
    stored = Stored(key=key, bytes=size, sha256="0" * 64)
    there = [Sentinel(path=".storage/auth", exists=True, bytes=10), Sentinel(path="gone", exists=False)]
    told = {"taken_at": TAKEN, "finished_at": TAKEN, "archive": stored, "files": 7, "directories": 2, "bytes": 9000}
    return Manifest(**{**told, "sentinels": there, **changes}).to_bytes()


def put_archive(store, key: str, **changes) -> None:
    store.put_bytes(key, b"z" * 100)
    store.put_bytes(beside(key), manifest(key, 100, **changes))


def asked(kind="archives", prefix="a/home", **changes) -> Asked:
    return Asked(kind, CLAIM, "any", prefix, (".storage/auth",), **changes)


def nobody():
    raise ClusterUnreachable("The cluster did not answer.")


def seen(store, what: Asked) -> Looked:
    return look(what, lambda bucket: store, nobody)


# --- Looking


def test_an_archive_with_its_manifest_is_a_recovery_point(store):
    put_archive(store, "a/home/1.tar.zst")
    found = seen(store, asked())
    assert found.complete
    (point,) = found.found
    assert (point.ref, point.taken, point.files, point.bytes) == ("a/home/1.tar.zst", TAKEN, 7, 9000)
    assert point.sentinels == {".storage/auth": True, "gone": False}
    assert (found.count, found.bytes) == (1, 100)


def test_no_manifest_no_recovery_point(store):
    store.put_bytes("a/home/1.tar.zst", b"z" * 100)
    found = seen(store, asked())
    assert (found.found, found.count, found.told["without_manifest"]) == ((), 0, 1)


@pytest.mark.parametrize(
    "written",
    [b"not a manifest", b"{}", manifest("a/home/1.tar.zst", 99)],
    ids=["rubbish", "another thing", "of another size"],
)
def test_a_manifest_that_does_not_fit_its_archive_makes_none(store, written):
    store.put_bytes("a/home/1.tar.zst", b"z" * 100)
    store.put_bytes("a/home/1.manifest.json", written)
    found = seen(store, asked())
    assert (found.complete, found.found, found.told["odd"]) == (True, (), ["a/home/1.tar.zst"])


def test_a_neighbour_with_a_similar_name_is_not_looked_at(store):
    put_archive(store, "a/home-old/1.tar.zst")
    assert seen(store, asked()).count == 0


def test_a_manifest_that_was_read_is_not_read_again(store):
    put_archive(store, "a/home/1.tar.zst")
    store.put_bytes("a/home/1.manifest.json", b"changed since")
    again = seen(store, asked(known={"a/home/1.tar.zst": 100}))
    assert (again.found, again.there, again.count) == ((), ("a/home/1.tar.zst",), 1)
    cut_off = seen(store, asked(known={"a/home/1.tar.zst": 5000}))
    assert (cut_off.there, cut_off.told["odd"]) == ((), ["a/home/1.tar.zst"])


def test_a_mirror_has_totals_and_its_sentinels(store):
    store.put_bytes("m/home/.storage/auth", b"12345")
    store.put_bytes("m/home/x/y", b"1")
    found = seen(store, asked("mirror", "m/home"))
    assert (found.complete, found.count, found.bytes, found.found) == (True, 2, 6, ())
    assert found.told["sentinels"][".storage/auth"]["exists"]


def test_a_bucket_that_is_not_there_and_a_store_that_does_not_answer_are_told(store):
    gone = type(store)(store.endpoint, store.region, "nosuchbucket", store.credentials)
    silent = type(store)("http://127.0.0.1:9", store.region, store.bucket, store.credentials)
    for odd in (gone, silent):
        for kind in ("mirror", "archives"):
            found = seen(odd, asked(kind))
            assert (found.complete, found.count) == (False, None)
            assert found.error


def test_only_snapshots_that_are_ready_count():
    class World:
        def snapshots(self, claim):
            ready = Snapshot("home", "s1", "u1", "config", True, 5000, TAKEN)
            waiting = Snapshot("home", "s2", "u2", "config", False, 0, None, error="no class")
            return (ready, waiting)

    found = look(asked("snapshots"), lambda bucket: None, World)
    assert [(p.ref, p.bytes, p.files) for p in found.found] == [("s1", 5000, None)]
    assert found.told == {"not_ready": 1, "errors": ["no class"]}
    assert not look(asked("snapshots"), lambda bucket: None, nobody).complete


# --- Writing down


def test_points_come_go_and_come_back(archives, store):
    put_archive(store, "archives/home/1.tar.zst")
    put_archive(store, "archives/home/2.tar.zst", taken_at=TAKEN + timedelta(hours=1))

    def again():
        scanning.write(archives, look(scanning.asked(archives), lambda bucket: store, nobody), now())

    again()
    again()
    assert archives.points.filter(gone=None).count() == 2
    store.delete("archives/home/1.tar.zst")
    again()
    assert archives.points.get(gone=None).ref.endswith("2.tar.zst")
    put_archive(store, "archives/home/1.tar.zst")
    again()
    assert archives.points.filter(gone=None).count() == RecoveryPoint.objects.count() == 2


def test_an_incomplete_look_says_of_no_point_that_it_is_gone(archives, store):
    put_archive(store, "archives/home/1.tar.zst")
    scanning.write(archives, look(scanning.asked(archives), lambda bucket: store, nobody), now())
    made = scanning.write(archives, Looked(False, error="forbidden"), now())
    assert archives.points.get().gone is None
    assert (made.complete, made.error, made.count) == (False, "forbidden", None)


def test_old_scans_are_pruned_to_the_last_and_the_fullest_of_each_day(archives):
    start = now() - timedelta(days=3)
    Scan.objects.bulk_create(
        Scan(source=archives, at=start + timedelta(minutes=10 * i), complete=True, count=500 if i == 30 else i % 7)
        for i in range(400)
    )
    scanning.prune(archives, now())
    kept = list(archives.scans.order_by("-at"))
    assert 60 <= len(kept) <= 60 + 2 * 4
    assert max(each.count for each in kept) == 500
    assert {each.at.date() for each in kept} == {(start + timedelta(minutes=10 * i)).date() for i in range(400)}


def test_what_a_sweep_asks_of_the_scans(archives, django_assert_max_num_queries):
    at = now()
    for minutes, count, complete in ((50, 40, True), (40, 38, True), (30, 0, True), (20, 0, True), (10, None, False)):
        Scan.objects.create(source=archives, at=at - timedelta(minutes=minutes), complete=complete, count=count)
    with django_assert_max_num_queries(3):
        (row,) = sources()
    assert row.newest.complete is False
    assert (row.filled.count, row.most.count) == (38, 40)
    assert row.empty_since == at - timedelta(minutes=30)


# --- Who scans


def test_one_of_many_gets_the_lease_and_nobody_before_it_is_due(archives):
    here = Source.objects.filter(pk=archives.pk)
    with lease(here, seconds=60, then=30) as first:
        assert first
        with lease(here, seconds=60, then=30) as second:
            assert not second
    with lease(here, seconds=60, then=30) as early:
        assert not early
    here.update(not_before=now())
    with lease(here, seconds=60, then=30) as due:
        assert due


def test_who_was_silent_for_too_long_frees_nothing(archives):
    here = Source.objects.filter(pk=archives.pk)
    with lease(here, seconds=60, then=0):
        other = now() + timedelta(seconds=99)
        here.update(not_before=other)  # another took it meanwhile
    assert here.get().not_before == other


@pytest.mark.django_db(transaction=True)
def test_four_workers_that_are_knocked_at_once_scan_a_source_once(archives, monkeypatch):
    started, go_on = threading.Semaphore(0), threading.Event()

    def slowly(bucket):
        started.release()
        go_on.wait(10)
        raise Unreachable("nobody there")

    monkeypatch.setattr(stores, "store", slowly)

    def work():
        tasks.scan_all()
        connection.close()

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    assert started.acquire(timeout=10)
    for _ in range(30):
        if sum(worker.is_alive() for worker in workers) == 1:
            break
        threading.Event().wait(0.1)
    go_on.set()
    for worker in workers:
        worker.join(10)
    assert not started.acquire(blocking=False)
    (scan,) = archives.scans.all()
    assert (scan.complete, scan.error) == (False, "nobody there")


def test_nothing_due_is_a_query_for_sources_and_one_for_uploads(archives, monkeypatch, django_assert_num_queries):
    monkeypatch.setattr(released, "notice", lambda connect: None)
    Source.objects.update(not_before=now() + timedelta(hours=1))
    with django_assert_num_queries(2):
        tasks.scan_all()


# --- Released volumes


class Left:
    """A cluster in which some claims left their volumes behind."""

    def __init__(self, *was: ClaimRef) -> None:
        self.volumes = [
            Released(f"pv-{n}", f"uid-{n}", ref, f"handle-{n}", "csi", 10**9) for n, ref in enumerate(was, start=1)
        ]

    def released(self):
        return tuple(self.volumes)


def test_a_volume_that_lost_its_claim_is_a_copy_of_what_the_claim_held(volume):
    cluster = Left(CLAIM, ClaimRef("home", "another"))
    released.notice(lambda: cluster, every=0)
    source = Source.objects.get()
    assert (source.kind, source.volume) == ("released", volume)
    assert scanning.scan(source, stores.store, lambda: cluster)
    point = RecoveryPoint.objects.get()
    assert (point.kind, point.ref, point.files, point.verified) == ("released", "pv-1", None, None)
    (row,) = queries.volumes()
    assert row.rows()[0].state == "unknown"
    cluster.volumes.clear()
    Source.objects.update(not_before=now())
    scanning.scan(source, stores.store, lambda: cluster)
    assert RecoveryPoint.objects.get().gone


def test_the_same_released_volume_is_noticed_once(volume):
    cluster = Left(CLAIM)
    for _ in range(2):
        released.notice(lambda: cluster, every=0)
        Source.objects.update(not_before=now())
        scanning.scan(Source.objects.get(), stores.store, lambda: cluster)
    assert RecoveryPoint.objects.count() == 1
    assert Entry.objects.filter(action="source.added").count() == 1


def test_where_released_volumes_cannot_be_listed_nothing_is_concluded(volume):
    released.notice(nobody, every=0)
    assert not Source.objects.exists()


def test_they_are_not_asked_for_at_every_knock(volume):
    asked = []

    class Counting(Left):
        def released(self):
            asked.append(1)
            return ()

    released.notice(Counting, every=0)
    released.notice(Counting)
    assert len(asked) == 1


def test_an_emptiness_is_asked_again_within_a_minute(archives, store, monkeypatch):
    monkeypatch.setattr(stores, "store", lambda bucket: store)
    Source.objects.update(every=3600)
    archives.refresh_from_db()
    Scan.objects.create(source=archives, at=now() - timedelta(hours=1), complete=True, count=4)
    assert scanning.scan(archives, stores.store, nobody)
    archives.refresh_from_db()
    assert timedelta(seconds=50) < archives.not_before - now() <= timedelta(seconds=60)


def test_a_retired_source_is_not_scanned(archives):
    Source.objects.update(retired=now())
    tasks.scan_all()
    assert not Scan.objects.exists()
