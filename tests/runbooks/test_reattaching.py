"""A volume that hangs is let go by everything before its application comes back."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cluster.api import Pod, Witness
from cluster.range import faults
from runbooks.acts.workloads import Detached, Healthy, StaysDown
from runbooks.base import NotYet
from runbooks.library.reattach_volume import ReattachVolume
from runbooks.records import Rows
from runbooks.sentences import say
from runbooks.world import Patience, World
from tests.runbooks.conftest import HOME, drafted, finish, started

pytestmark = pytest.mark.django_db


class Otherwise:
    """The practice cluster, but for what a test says otherwise."""

    def __init__(self, cluster, **instead):
        self.cluster, self.instead = cluster, instead

    def __getattr__(self, name):
        return self.instead.get(name) or getattr(self.cluster, name)


def test_the_application_goes_and_comes_back(world, volume, by):
    before = world.fingerprint()
    run = started(ReattachVolume(volume=volume.pk), world, by=by)
    assert [a.told().code for a in run.plan] == [
        "stop-sync", "scale", "stays-down", "detached", "scale", "healthy", "resume-guarded",
    ]  # fmt: skip
    assert finish(run, world) == "done", run.why
    assert world.fingerprint() == before


def test_nobody_goes_who_would_find_no_place_again(world, volume, by):
    faults.fill_node(world.ground, "2 Insufficient memory")
    run = drafted(ReattachVolume(volume=volume.pk), world, by=by)
    [stops] = [o for o in run.objections if o["stops"]]
    assert stops["code"] == "no-place"
    assert "2 Insufficient memory" in say(stops)


def test_what_has_no_replicas_is_not_attached_again(world, volume, by):
    world.scale(world.workload_using(HOME).ref, was=1, to=0)
    run = drafted(ReattachVolume(volume=volume.pk), world, by=by)
    assert [o["code"] for o in run.objections if o["stops"]] == ["not-running"]


def test_a_zombie_is_named_with_what_ends_it(world, volume, by):
    """A node lists the volume, and the only pod that wants it waits on another."""

    def elsewhere(claim):
        return tuple(replace(pod, node="range-2") for pod in world.pods_using(claim))

    def held(claim):
        return (Witness("node", "attached", "range-1: csi.example^vol-7"), Witness("attachment", "detached"))

    run = drafted(ReattachVolume(volume=volume.pk), Otherwise(world, pods_using=elsewhere, witnesses=held), by=by,
                  range_=world)  # fmt: skip
    [told] = [o for o in run.objections if o["code"] == "zombie-node"]
    assert not told["stops"]
    assert "range-1: csi.example^vol-7" in say(told)
    assert "range.aftermath.dev" in say(told), "the driver whose pod on that node is to be restarted"


def test_waiting_for_the_detachment_is_said_in_plain_words(world):
    def held(claim):
        return (Witness("attachment", "attached", "csi-1 on node-b"), Witness("storage", "unknown", "no answer"))

    cluster = Otherwise(world, pods_using=lambda claim: (), witnesses=held)
    with pytest.raises(NotYet) as waits:
        Detached(HOME).do(World(cluster, Rows(), "am-1", patience=Patience(0, 0)))
    said = say(waits.value.waiting.as_json())
    assert "the cluster still has it attached (csi-1 on node-b)" in said
    assert "sessions of the storage cannot be read" in said


def test_once_the_data_is_back_a_volume_that_stays_attached_is_a_persons_to_decide():
    assert not Detached(HOME).left_to_people()
    assert Detached(HOME, restored=True).left_to_people()


def test_what_is_known_to_keep_a_workload_is_watched_for_longer(world):
    ref = world.workload_using(HOME).ref
    world.scale(ref, was=1, to=0)
    for heals, seconds in ((True, 60), (False, 10)):
        asked = World(world, Rows(), "am-1", patience=Patience(60, 5))
        with pytest.raises(NotYet) as waits:
            StaysDown(ref, world.workload(ref).version, heals=heals).do(asked)
        assert waits.value.waiting.params["seconds"] == seconds


def test_a_stranger_that_uses_the_volume_stops_it(world, volume, by):
    def with_stranger(claim):
        pods = world.pods_using(claim)
        return (*pods, replace(pods[0], name="debug", workload=replace(pods[0].workload, kind="Pod", name="debug")))

    run = drafted(ReattachVolume(volume=volume.pk), Otherwise(world, pods_using=with_stranger), by=by, range_=world)
    assert [o["code"] for o in run.objections if o["stops"]] == ["stranger"]
    assert isinstance(world.pods_using(HOME)[0], Pod)


def test_who_only_looks_for_a_draft_is_no_stranger(world, volume, by):
    def with_looker(claim):
        pods = world.pods_using(claim)
        ref = replace(pods[0].workload, kind="Job", name=f"am-77-k3f9x-{at}")
        return (*pods, replace(pods[0], name="looks", workload=ref))

    for at, stops in (("look", []), ("look-again2", []), ("look-2", []), ("6", ["stranger"]), ("looks", ["stranger"])):
        run = drafted(ReattachVolume(volume=volume.pk), Otherwise(world, pods_using=with_looker), by=by, range_=world)
        assert [o["code"] for o in run.objections if o["stops"]] == stops, at


def test_those_who_agreed_before_one_of_them_saw_it_held_have_to_agree_anew(world):
    says, memory = ["detached", "attached", "detached"], {}
    cluster = Otherwise(
        world, pods_using=lambda claim: (), witnesses=lambda claim: (Witness("attachment", says.pop(0)),)
    )
    for waits_for in ("agreed-once", "not-detached", "agreed-once"):
        asked = World(cluster, Rows(), "am-1", memory=memory, patience=Patience(0, 5))
        with pytest.raises(NotYet) as waits:
            Detached(HOME).do(asked)
        assert waits.value.waiting.code == waits_for
        memory = {key: value and value - 6 for key, value in waits.value.progress.items()}  # six seconds later


def test_a_volume_of_which_nobody_can_tell_when_it_is_detached_is_not_waited_for_in_vain(world, volume, by):
    unknown = replace(world.claim(HOME), driver="")
    run = drafted(ReattachVolume(volume=volume.pk), Otherwise(world, claim=lambda ref: unknown), by=by, range_=world)
    assert [o["code"] for o in run.objections if o["stops"]] == ["never-detached"]
    assert "may not be read" in say(run.objections[0])


def test_an_application_of_several_pods_each_with_a_claim_of_its_own_is_healthy_when_all_of_them_are(world):
    """As a StatefulSet's: only one of its pods has the volume that was worked on."""
    ref = world.workload_using(HOME).ref
    here, [first] = world.workload(ref), [p for p in world.pods_using(HOME) if p.workload == ref]
    second = replace(first, name="app-1", uid="another", claims=("config-1",))

    def using(claim):
        return (first,) if claim == HOME else (second,) if claim.name == "config-1" else ()

    def workload(_):
        return replace(here, replicas=2, claims=(HOME.name, "config-1"))

    cluster = Otherwise(world, pods_using=using, workload=workload)
    asked = World(cluster, Rows(), "am-1", patience=Patience(0, 0))
    assert Healthy(ref, HOME, 2).do(asked) == {"ready": 2}
    second = replace(second, ready=False)
    with pytest.raises(NotYet) as waits:
        Healthy(ref, HOME, 2).do(asked)
    assert waits.value.waiting.params["ready"] == 1
