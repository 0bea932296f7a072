from __future__ import annotations

import pytest
from django.core.management import call_command

from backups.models import RecoveryPoint, Source, Volume
from cluster.connect import connect
from cluster.errors import Refused
from cluster.range.alive import alive
from cluster.range.range import Range
from config import practice


@pytest.fixture
def world(tmp_path, settings, db):
    settings.CLUSTER = "range"
    settings.RANGE_DIR = tmp_path / "range"
    world = Range(settings.RANGE_DIR)
    world.seed(small=True)
    yield world
    world.close()


def told():
    points = {(p.volume.namespace, p.kind): 0 for p in RecoveryPoint.objects.all()}
    for point in RecoveryPoint.objects.all():
        points[point.volume.namespace, point.kind] += 1
    return points


def test_the_world_is_prepared_with_volumes_and_copies_of_days_passed(world):
    call_command("prepare")
    assert Volume.objects.count() == 4
    home = Volume.objects.get(namespace="home")
    assert (home.owner, home.sentinels) == ("1000:1000", [".storage/auth", "configuration.yaml"])
    assert home.filesystem == world.ground.objects.read().claims["home/home-assistant-config"].filesystem
    assert told() == {
        ("home", "archive"): 3,
        ("home", "snapshot"): 1,
        ("wiki", "archive"): 2,
        ("photos", "archive"): 2,
        ("vault", "archive"): 1,
    }
    for point in RecoveryPoint.objects.filter(kind="archive"):
        age = (world.ground.objects.read().seeded - point.taken).total_seconds()
        assert any(abs(age - ago) < 2 for ago in practice.KEPT[app_of(point)].archives)
        assert point.files
        assert all(s["exists"] for s in point.manifest["sentinels"])


def app_of(point):
    return point.ref.split("/")[1]


def test_done_twice_it_is_as_done_once(world):
    call_command("prepare")
    before = told(), sorted(RecoveryPoint.objects.values_list("ref", flat=True)), Source.objects.count()
    made = {p: p.stat().st_mtime_ns for p in (world.directory / "store").rglob("*.tar.zst")}
    call_command("prepare")
    assert (told(), sorted(RecoveryPoint.objects.values_list("ref", flat=True)), Source.objects.count()) == before
    assert {p: p.stat().st_mtime_ns for p in (world.directory / "store").rglob("*.tar.zst")} == made


def test_what_people_changed_meanwhile_stays(world):
    practice.register(world)
    Volume.objects.filter(namespace="home").update(title="Ours", rpo=7)
    practice.register(world)
    assert Volume.objects.get(namespace="home").title == "Ours"
    assert Volume.objects.get(namespace="home").rpo == 7
    assert Volume.objects.count() == 4


def test_an_archive_of_the_past_can_be_restored(world):
    with alive(world) as life:
        life.step()
        practice.register(world)
        practice.archive_the_past(world)
        practice.look_at(list(Source.objects.all()), world)
    point = RecoveryPoint.objects.filter(volume__namespace="wiki", kind="archive").earliest("taken")
    assert point.manifest["owner_histogram"][0]["uid"] == 1001
    assert point.manifest["claim_uid"] == world.claim(point.volume.ref).uid


def test_with_another_cluster_nothing_is_prepared(world, settings):
    settings.CLUSTER = "kubernetes"
    call_command("prepare")
    assert not Volume.objects.exists()


def test_a_cluster_that_there_is_no_way_to_is_refused(world, settings):
    settings.CLUSTER, settings.KUBECONFIG = "kubernetes", ""
    connect.cache_clear()
    try:
        with pytest.raises(Refused, match="KUBECONFIG"):
            connect()
    finally:
        connect.cache_clear()
