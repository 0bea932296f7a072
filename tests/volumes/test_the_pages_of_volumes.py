"""Recoverability as people read it, and what administrators may change."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils.timezone import now

from audit.models import Entry
from backups import actions, queries
from backups.models import RecoveryPoint, Scan, Source, Volume
from people.actors import ENGINE
from tests.volumes.conftest import point

ABOUT = {"namespace": "wiki", "claim": "pages", "title": "", "uid": 33, "gid": 33, "rpo": 60, "rto": 30}


@pytest.fixture
def scanned(archives):
    """A source that was read a moment ago, with a point of an hour's age."""
    Scan.objects.create(source=archives, at=now(), complete=True, count=1, bytes=5)
    point(archives, now() - timedelta(hours=1))
    return archives


def page(client, person, name, *args, **kwargs) -> str:
    client.force_login(person)
    answer = client.get(reverse(name, args=args), **kwargs)
    assert answer.status_code == 200
    return answer.content.decode()


# --- Reading


def test_the_age_of_the_newest_good_copy_stands_beside_its_objective(client, alice, scanned):
    shown = page(client, alice, "recoverability")
    assert "The newest good copy is 1" in shown
    found = RecoveryPoint.objects.get()
    assert f"{reverse('runbook', args=['restore-volume'])}?volume={found.volume_id}&amp;point={found.pk}" in shown


def test_without_a_copy_everything_would_be_lost_and_the_worst_stands_first(client, carol, scanned):
    Volume.objects.create(namespace="zoo", claim="animals")
    shown = page(client, carol, "recoverability")
    assert "Everything" in shown
    assert shown.index("zoo/animals") < shown.index("home/config")


def test_a_source_that_could_not_be_read_is_unknown_and_says_why(client, carol, scanned):
    Scan.objects.create(source=scanned, at=now(), complete=False, error="403 Forbidden")
    shown = page(client, carol, "volume", scanned.volume_id)
    assert "403 Forbidden" in shown
    assert "unknown" in shown


def test_what_no_archive_can_hold_is_named_with_the_copy(client, carol, scanned, django_assert_max_num_queries):
    point(scanned, now() - timedelta(minutes=2), manifest={"left_out": ["run/bus", "run/<socket>"], "files": 100})
    point(scanned, now() - timedelta(minutes=3), manifest={"left_out": [f"p{n}" for n in range(100)]})
    point(scanned, now() - timedelta(minutes=4), manifest={"left_out": []})
    shown = page(client, carol, "volume", scanned.volume_id)
    assert shown.count("<details") == 2
    assert "2 are left out: they cannot be archived (pipe, socket or device)" in shown
    assert "<li><code>run/&lt;socket&gt;</code></li>" in shown
    assert "100 or more are left out" in shown
    with django_assert_max_num_queries(1):
        assert queries.left_out(RecoveryPoint.objects.none().values_list("pk", flat=True)) == {}
    for n in range(5, 30):
        point(scanned, now() - timedelta(minutes=n), manifest={"left_out": [str(n)]})
    with django_assert_max_num_queries(20):
        assert page(client, carol, "volume", scanned.volume_id).count("<details") == 27


def test_a_scan_that_is_old_proves_nothing(scanned):
    Scan.objects.update(at=now() - timedelta(hours=2))
    (row,) = queries.volumes()
    assert (row.state, row.loss.why["code"]) == ("unknown", "old-scan")


def test_a_retired_place_no_longer_counts(scanned, root):
    actions.retire_source(scanned, by=ENGINE)
    (row,) = queries.volumes()
    assert row.loss.why["code"] == "no-source"
    assert RecoveryPoint.objects.count() == 1


def test_a_snapshot_on_the_same_storage_is_named_as_such(client, carol, scanned):
    snapshots = Source.objects.create(volume=scanned.volume, kind="snapshots")
    Scan.objects.create(source=snapshots, at=now(), complete=True, count=1)
    point(snapshots, now(), ref="s1", kind="snapshot", files=None, sentinels={}, verified=now())
    assert "on the same storage" in page(client, carol, "recoverability")


def test_a_fragment_is_the_part_alone(client, carol, scanned):
    client.force_login(carol)
    for name, args in (("recoverability", []), ("volume", [scanned.volume_id])):
        part = client.get(reverse(name, args=args), headers={"hx-request": "true"}).content.decode()
        assert part.lstrip().startswith("<div")
        assert "<html" not in part


def test_a_volume_that_is_not_there_is_not_found(client, carol, db):
    client.force_login(carol)
    for number in (77, 10**20):
        assert client.get(reverse("volume", args=[number])).status_code == 404


def test_more_volumes_cost_no_more_queries(client, carol, scanned, django_assert_max_num_queries):
    def grow(count):
        for number in range(count):
            volume = Volume.objects.create(namespace=f"n{Volume.objects.count()}", claim="c", sentinels=["a"])
            source = Source.objects.create(volume=volume, kind="archives", bucket="b", prefix=str(number))
            Scan.objects.create(source=source, complete=True, count=2)
            for hours in (1, 2, 3):
                point(source, now() - timedelta(hours=hours), ref=f"{volume.pk}-{hours}")

    grow(2)
    with django_assert_max_num_queries(6):
        assert len(queries.volumes()) == 3
    grow(30)
    with django_assert_max_num_queries(6):
        assert len(queries.volumes()) == 33
    client.force_login(carol)
    with django_assert_max_num_queries(20):
        client.get(reverse("recoverability"))


# --- Writing


@pytest.mark.parametrize("name", ["volume-new", "claims"])
def test_only_an_administrator_may_register(client, alice, root, db, name):
    client.force_login(alice)
    assert client.get(reverse(name)).status_code == 403
    client.force_login(root)
    assert client.get(reverse(name)).status_code == 200


def test_an_administrator_registers_a_volume_and_then_says_where_its_copies_are(client, root):
    client.force_login(root)
    shown = client.get(reverse("volume-new"), {"namespace": "wiki", "claim": "pages"}).content.decode()
    assert 'value="wiki"' in shown
    answer = client.post(reverse("volume-new"), {**ABOUT, "sentinels": "data/a\n\n data/b \ndata/a"})
    volume = Volume.objects.get()
    assert answer.url == reverse("source-new", args=[volume.pk])
    assert (volume.owner, volume.sentinels) == ("33:33", ["data/a", "data/b"])
    place = {"kind": "archives", "bucket": "backups", "prefix": "/wiki/", "domain": "", "every": 300}
    assert client.post(reverse("source-new", args=[volume.pk]), place).status_code == 302
    assert Source.objects.get().prefix == "wiki"
    assert [e.action for e in Entry.objects.order_by("seq")] == ["volume.registered", "source.added"]
    assert Entry.objects.filter(actor="root").count() == 2


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"namespace": "Wiki!"}, "A name in Kubernetes"),
        ({"claim": "../etc"}, "A name in Kubernetes"),
        ({"sentinels": "/etc/passwd"}, "not a path below the volume"),
        ({"sentinels": "a/../../b"}, "not a path below the volume"),
        ({"rpo": 0}, "greater than or equal to 1"),
        ({"uid": -1}, "greater than or equal to 0"),
        ({"sentinels": "\n".join(map(str, range(60)))}, "At most 50"),
    ],
)
def test_what_cannot_be_is_refused_with_a_sentence(client, root, wrong, said):
    client.force_login(root)
    answer = client.post(reverse("volume-new"), {**ABOUT, **wrong})
    assert answer.status_code == 422
    assert said in answer.content.decode()
    assert not Volume.objects.exists()


def test_a_claim_is_registered_once(client, root, volume):
    client.force_login(root)
    answer = client.post(reverse("volume-new"), {**ABOUT, "namespace": "home", "claim": "config"})
    assert (answer.status_code, Volume.objects.count()) == (422, 1)


def test_an_edit_writes_what_changed_and_nothing_else(client, root, volume):
    client.force_login(root)
    same = {"title": "Home", "uid": 1000, "gid": 1000, "sentinels": ".storage/auth", "rpo": 360, "rto": 60}
    address = reverse("volume-edit", args=[volume.pk])
    assert client.post(address, same).status_code == 302
    assert not Entry.objects.exists()
    client.post(address, {**same, "rpo": 120, "namespace": "elsewhere"})
    volume.refresh_from_db()
    assert (volume.rpo, volume.namespace) == (120, "home")
    assert Entry.objects.get().facts == {"changed": {"rpo": [360, 120]}}


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"bucket": ""}, "need a bucket"),
        ({"bucket": "Not A Bucket"}, "need a bucket"),
        ({"prefix": "a/../b"}, "not a folder"),
        ({"every": 1}, "Between 5 seconds and a week"),
        ({"kind": "tape"}, "not one of the available choices"),
    ],
)
def test_a_place_that_cannot_be_is_refused(client, root, volume, wrong, said):
    client.force_login(root)
    told = {"kind": "mirror", "bucket": "backups", "prefix": "wiki", "domain": "", "every": 60, **wrong}
    answer = client.post(reverse("source-new", args=[volume.pk]), told)
    assert answer.status_code == 422
    assert said in answer.content.decode()


def test_a_place_that_was_retired_is_used_again_as_the_same(volume):
    told = {"kind": "mirror", "bucket": "b", "prefix": "p", "by": ENGINE}
    first = actions.add_source(volume, **told)
    actions.retire_source(first, by=ENGINE)
    actions.retire_source(first, by=ENGINE)
    again = actions.add_source(volume, **told)
    assert (again.pk, again.retired) == (first.pk, None)
    said = [e.action for e in Entry.objects.order_by("seq")]
    assert said == ["source.added", "source.retired", "source.used again"]


def test_a_small_copy_is_not_good_until_an_administrator_says_that_it_is_meant_to_be(client, root, alice, scanned):
    for hours in (5, 4, 3):
        point(scanned, now() - timedelta(hours=hours))
    small = point(scanned, now() - timedelta(minutes=5), files=10)
    assert "where 100 were usual" in page(client, root, "volume", scanned.volume_id)
    address = reverse("point-accept", args=[small.pk])
    client.force_login(alice)
    assert client.post(address).status_code == 403
    client.force_login(root)
    client.post(address)
    client.post(address)
    assert queries.graded_point(small.pk).grade == "good"
    assert Entry.objects.get().action == "point.accepted"


def test_a_restore_leaves_its_time_and_what_was_verified(client, carol, scanned):
    actions.note_restored(scanned.volume, seconds=252.4, by=ENGINE)
    actions.note_verified(RecoveryPoint.objects.get(), by=ENGINE)
    (row,) = queries.volumes()
    assert (row.restored_in, row.slow) == (timedelta(seconds=252), False)
    assert row.strip[-1].drill
    assert row.rows()[0].said == "Restored and verified."
    actions.note_restored(scanned.volume, seconds=2 * 3600, by=ENGINE)
    assert queries.volumes()[0].slow


def test_another_filesystem_is_worth_an_entry_and_the_same_is_not(volume):
    for seen in ("aa", "aa", "", "bb"):
        actions.note_filesystem(volume, filesystem=seen, by=ENGINE)
    volume.refresh_from_db()
    assert volume.filesystem == "bb"
    assert [e.facts for e in Entry.objects.order_by("seq")] == [{"was": "", "now": "aa"}, {"was": "aa", "now": "bb"}]
