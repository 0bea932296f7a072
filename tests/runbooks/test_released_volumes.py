"""A volume whose claim was deleted gets one again, or is what another volume is restored from."""

from __future__ import annotations

import pytest
from django.urls import reverse
from django.utils.timezone import now

from backups.models import RecoveryPoint, Source, Volume
from cluster.api import ClaimRef
from cluster.range.sample.wiki import WIKI
from health.sweep import sweep
from runbooks import actions
from runbooks.library.rebind_released import RebindReleased
from runbooks.library.restore_volume import RestoreVolume
from runbooks.models import Run
from tests.runbooks.conftest import drafted, finish, settle, started

pytestmark = pytest.mark.django_db
AGAIN = ClaimRef("wiki", "pages-again")


@pytest.fixture
def left(world):
    [volume] = world.released()
    return volume


def rebinding(left) -> RebindReleased:
    return RebindReleased(released=left.volume, claim=AGAIN.name)


def begun(runbook, world, by) -> Run:
    run = drafted(runbook, world, by=by)
    actions.start(run, typed=runbook.released, by=by)
    return run


def test_it_has_a_claim_again_with_all_that_it_holds(world, left, by):
    was = world.fingerprint()["released"][left.volume]
    run = begun(rebinding(left), world, by)
    assert finish(run, world) == "done", run.why
    assert world.claim(AGAIN).phase == "Bound"
    assert world.fingerprint()["files"][str(AGAIN)] == was
    assert world.released() == ()


def test_taken_back_it_is_released_again(world, left, by):
    before = world.fingerprint()
    run = begun(rebinding(left), world, by)
    assert finish(run, world) == "done"
    actions.undo(run, by=by)
    assert finish(run, world) == "undone", run.why
    assert world.fingerprint() == before


def test_its_own_name_is_typed(world, left, by, client, alice):
    client.force_login(alice)
    run = drafted(rebinding(left), world, by=by)
    assert left.volume in client.get(reverse("run", args=[run.pk])).text
    with pytest.raises(actions.NotConfirmed):
        actions.start(run, typed="wiki/pages", by=by)
    actions.start(run, typed=left.volume, by=by)


def test_two_runs_never_share_a_released_volume(world, left, by):
    first, second = drafted(rebinding(left), world, by=by), drafted(rebinding(left), world, by=by)
    actions.start(first, typed=left.volume, by=by)
    with pytest.raises(actions.Busy) as busy:
        actions.start(second, typed=left.volume, by=by)
    assert busy.value.other == first


@pytest.mark.parametrize(
    ("name", "claim", "code"),
    [("pv-none", "again", "not-released"), ("", "pages", "claim-there"), ("", "No Name", "dry-refused")],
)
def test_what_cannot_be_is_an_objection(world, left, by, name, claim, code):
    here = next(c.ref.name for c in world.view().claims if c.ref.namespace == "wiki") if claim == "pages" else claim
    run = drafted(RebindReleased(released=name or left.volume, claim=here), world, by=by)
    assert [o["code"] for o in run.objections if o["stops"]] == [code]


def test_it_is_picked_from_the_last_sweep(world, left, client, alice):
    client.force_login(alice)
    sweep(lambda: world)
    address = reverse("runbook", args=["rebind-released"])
    assert f'value="{left.volume}"' in client.get(address).text
    assert client.post(address, {"released": left.volume, "claim": "again"}).status_code == 302
    assert Run.objects.get().target == left.volume


@pytest.fixture
def wiki(world):
    [claim] = [c.ref for c in world.view().claims if c.ref.namespace == "wiki"]
    return Volume.objects.create(namespace="wiki", claim=claim.name, uid=WIKI.uid, gid=WIKI.gid)


@pytest.fixture
def point(wiki, left):
    source = Source.objects.create(volume=wiki, kind="released")
    return RecoveryPoint.objects.create(
        volume=wiki, source=source, kind="released", ref=left.volume, taken=now(), bytes=left.capacity
    )


def test_a_volume_is_restored_from_it_and_it_is_released_again(world, left, wiki, point, by):
    was = world.fingerprint()["released"][left.volume]
    run = started(RestoreVolume(volume=wiki.pk, point=point.pk), world, by=by)
    codes = [act.told().code for act in run.plan]
    assert codes.index("rebind") < codes.index("extract-released") < codes.index("verify") < codes.index("let-go")
    assert finish(run, world) == "done", [run.why, [r.waiting for r in run.records.filter(done=None)]]
    assert set(was) <= set(world.fingerprint()["files"][str(wiki)])
    assert world.released()[0].volume == left.volume
    assert world.fingerprint()["released"][left.volume] == was


def test_a_restore_from_it_that_is_taken_back_leaves_it_released(world, left, wiki, point, by):
    before = world.fingerprint()
    run = started(RestoreVolume(volume=wiki.pk, point=point.pk), world, by=by)
    assert finish(run, world) == "done", run.why
    actions.undo(run, by=by)
    assert finish(run, world) == "undone", run.why
    settle(world)
    for name in ("safety", "undone"):
        world.drop_snapshot("wiki", f"{run.tag}-{name}")
    assert world.fingerprint() == before


def test_one_that_is_released_no_more_is_an_objection(world, left, wiki, point, by):
    world.rebind(left, AGAIN, labels={"whose": "a stranger"})
    run = drafted(RestoreVolume(volume=wiki.pk, point=point.pk), world, by=by)
    assert [o["code"] for o in run.objections if o["stops"]] == ["point-gone"]
