"""Break it, mend it: by those who may, on the practice cluster alone, and told in the trail."""

from __future__ import annotations

import pytest

from audit.models import Entry
from backups.models import Volume
from cluster.connect import connect
from cluster.errors import Conflict
from cluster.range.faults import BREAKS, VICTIM
from cluster.range.range import Range

pytestmark = pytest.mark.django_db


@pytest.fixture
def world(tmp_path, settings):
    settings.RANGE_DIR = tmp_path / "range"
    connect.cache_clear()
    world = connect()
    assert isinstance(world, Range)
    world.seed(small=True)
    yield world
    world.close()
    connect.cache_clear()


@pytest.fixture
def operator(client, alice):
    client.force_login(alice)
    return client


def said(client):
    return client.get("/").text


def data(world):
    return world.ground.volumes.data(VICTIM.claim_ref)


def test_every_way_to_break_it_is_offered_and_told_before(operator):
    page = said(operator)
    for kind in BREAKS:
        assert f'value="{kind}"' in page
    assert "formatted and comes back empty" in page


def test_it_is_emptied_and_mended_and_the_trail_knows_who(operator, world):
    assert list(data(world).rglob("*"))
    assert operator.post("/range/break/", {"kind": "emptied"}).url == "/"
    assert not [path for path in data(world).rglob("*") if path.is_file()]
    assert "It shows here within seconds." in said(operator)
    assert operator.post("/range/mend/").url == "/"
    assert (data(world) / ".storage" / "auth").exists()
    told = list(Entry.objects.order_by("seq").values_list("action", "actor"))
    assert told == [("range.broken", "alice"), ("range.mended", "alice")]


def test_mended_its_filesystem_is_the_one_that_is_known_to_be_whole(operator, world):
    """A restore onto the volume that was formatted had made the new one known."""
    known = {
        name: Volume.objects.create(namespace="home", claim=name, filesystem=filesystem)
        for name, filesystem in {VICTIM.claim: "of-the-last-restore", "not-of-this-world": "abc"}.items()
    }
    operator.post("/range/mend/")
    for volume in known.values():
        volume.refresh_from_db()
    assert known[VICTIM.claim].filesystem == world.ground.objects.read().claims[str(VICTIM.claim_ref)].filesystem
    assert known["not-of-this-world"].filesystem == "abc"


def test_a_way_that_there_is_not_is_no_page(operator, world):
    assert operator.post("/range/break/", {"kind": "rm -rf"}).status_code == 404
    assert operator.post("/range/break/").status_code == 404
    assert not Entry.objects.exists()


def test_while_a_job_is_at_work_it_is_not_broken_and_says_why(operator, world, monkeypatch):
    def busy(kind):
        raise Conflict("The job am-1-6 is at work on home/config.")

    monkeypatch.setattr(world, "break_", busy)
    operator.post("/range/break/", {"kind": "emptied"})
    assert "It could not be broken just now. The job am-1-6 is at work" in said(operator)
    assert not Entry.objects.exists()


def test_a_real_cluster_has_no_such_button(operator, settings):
    settings.CLUSTER = "kubernetes"
    page = said(operator)
    assert "/range/break/" not in page
    assert "practice cluster" not in page
