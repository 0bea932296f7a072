"""A run that was approved and finds another world says what is otherwise, in few words and without a secret."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from cluster.api import ClaimRef, Keeper, Sync, WorkloadRef
from runbooks import actions, base, differences
from runbooks.base import compared
from runbooks.differences import DEEP, LONG, MOST, told
from runbooks.library.snapshot_volume import Seen, SnapshotVolume
from runbooks.looks import KeptSync, Scene
from runbooks.models import Run
from runbooks.sentences import say
from runbooks.sentences_changes import change
from runbooks.world import VolumeFacts
from tests.runbooks.conftest import drafted, finish

APP = WorkloadRef("home", "Deployment", "home-assistant")
COPIER = WorkloadRef("home", "CronJob", "copier")
KEY = "AKIAIOSFODNN7EXAMPLE"
SYNC = Sync(COPIER, "CronJob", "config", True, 1, command=f"rclone sync --s3-access-key-id {KEY}")
FLUX = Keeper("Flux", "flux-system", "apps", pausable=True)
SCENE = Scene(
    volume=VolumeFacts(1, ClaimRef("home", "config"), 1000, 1000, (".storage/auth",), "", "", ""),
    claim_uid="u-1",
    workload=APP,
    workload_uid="w-1",
    version="3",
    replicas=1,
    syncs=(SYNC,),
    strangers=("home/shell",),
    keepers=(FLUX,),
    kept_syncs=(KeptSync(SYNC, (FLUX,)),),
)


COPIES, KEEPS = "what copies it away, CronJob home/copier", "what keeps it as it is declared"


def said(**changes) -> list[str]:
    was, now = Seen(SCENE, "am-1-snapshot"), Seen(replace(SCENE, **changes), "am-1-snapshot")
    runbook = SnapshotVolume(volume=1)
    found = told(compared(was), compared(now), runbook.changed(was, now))
    assert found["more"] == 0
    return [change(each).replace("\u202f", " ") for each in found["changes"]]


@pytest.mark.parametrize(
    ("changes", "sentences"),
    [
        ({}, []),
        ({"replicas": 0}, ["replicas: 1 → 0"]),
        ({"workload": None}, ["what uses it: Deployment home/home-assistant → nothing"]),
        (
            {"workload": replace(APP, kind="StatefulSet")},
            ["what uses it: Deployment home/home-assistant → StatefulSet home/home-assistant"],
        ),
        (
            {"strangers": ("home/debug", "home/probe")},
            ["others that use it: gone: home/shell; new: home/debug, home/probe"],
        ),
        ({"strangers": ()}, ["others that use it: gone: home/shell"]),
        ({"syncs": (replace(SYNC, running=False),)}, [f"{COPIES}, running: yes → no"]),
        ({"syncs": (replace(SYNC, command="rclone copy"),)}, [f"{COPIES}, command: changed"]),
        ({"keepers": (replace(FLUX, paused=True),)}, [f"{KEEPS}, Flux flux-system/apps, paused: no → yes"]),
        (
            {"kept_syncs": (KeptSync(SYNC, ()),)},
            [f"what keeps a sync, CronJob home/copier, {KEEPS}: gone: Flux flux-system/apps"],
        ),
        ({"volume": replace(SCENE.volume, sentinels=(".storage/auth", "x"))}, ["the volume, sentinels: new: x"]),
    ],
)  # fmt: skip
def test_each_is_named_with_what_it_was_and_is(changes, sentences):
    assert said(**changes) == sentences


def test_only_another_order_is_a_change_too():
    assert said(strangers=("a", "b"), replicas=1) == ["others that use it: gone: home/shell; new: a, b"]
    (only,) = told({"x": ["a", "b"]}, {"x": ["b", "a"]}, ["x"])["changes"]
    assert change(only) == "x: changed"


def test_what_may_move_is_not_told():
    class MayMove(SnapshotVolume):
        may_move = frozenset({"scene"})

    was, now = Seen(SCENE, "a"), Seen(replace(SCENE, replicas=7), "b")
    names = MayMove(volume=1).changed(was, now)
    assert [each["path"] for each in told(compared(was), compared(now), names)["changes"]] == [["name"]]


NAMES = st.text(min_size=1, max_size=100)
LEAVES = st.none() | st.booleans() | st.integers() | st.text(max_size=300) | st.floats(allow_nan=False)
OBJECTS = st.fixed_dictionaries({"namespace": st.just("home"), "name": st.sampled_from("abc"), "n": st.integers(0, 2)})
VALUES = st.recursive(
    LEAVES | OBJECTS,
    lambda inner: st.lists(inner, max_size=12) | st.dictionaries(NAMES, inner, max_size=5),
    max_leaves=40,
)
SEEN = st.dictionaries(NAMES, VALUES, max_size=MOST)


@given(SEEN)
def test_of_equal_worlds_nothing_is_told(seen):
    again = json.loads(json.dumps(seen))
    assert told(seen, again, list(seen)) == {"changes": [], "more": 0}


@given(st.lists(st.tuples(NAMES, VALUES, VALUES), max_size=MOST, unique_by=lambda each: differences.short(each[0])))
def test_every_difference_is_named_and_no_more_is_said_than_can_be_read(parts):
    was, now = {name: v for name, v, _ in parts}, {name: w for name, _, w in parts}
    names = [name for name in was if was[name] != now[name]]
    found = told(was, now, list(was))
    assert {each["path"][0] for each in found["changes"]} == {differences.short(name) for name in names}
    assert bool(found["changes"]) == bool(names)
    assert len(found["changes"]) <= MOST
    shown = [text for each in found["changes"] for text in strings(each)]
    assert all(len(text) <= LONG for text in shown)
    assert len(shown) <= MOST * (DEEP + MOST + 2)
    assert all(change(each) for each in found["changes"])
    json.dumps(found)


def strings(value) -> list[str]:
    if isinstance(value, dict):
        return [text for part in value.values() for text in strings(part)]
    if isinstance(value, list):
        return [text for part in value for text in strings(part)]
    return [value] if isinstance(value, str) else []


def test_what_does_not_fit_is_counted():
    was, now = {"x": {str(n): n for n in range(50)}, "y": 1}, {"x": {str(n): -n - 1 for n in range(50)}, "y": 2}
    found = told(was, now, ["x", "y"])
    assert (len(found["changes"]), found["more"]) == (MOST, 51 - MOST)
    assert ["y"] in [each["path"] for each in found["changes"]]
    (listed,) = told({"x": []}, {"x": [f"pod-{n}" for n in range(50)]}, ["x"])["changes"]
    assert listed["came"] == ["pod-0", "pod-1", "pod-2", "pod-3", "pod-4", "+45"]


SECRET = st.sampled_from([KEY, f"--token={'a1B2' * 8}", f"https://user:{'pa55w0rd!'}@store.example/x"])


@given(SECRET, st.integers(0, 3))
def test_a_secret_is_never_told(secret, where):
    sync = {"command": f"rclone {secret}", "workload": {"namespace": "home", "kind": "Job", "name": "x"}}
    was = [{"a": f"see {secret}"}, {"a": [secret]}, {"a": sync}, {"a": [sync, sync]}][where]
    for here in ({"a": 1}, {"a": None}, {"a": []}, {"a": {"command": "x"}}):
        for one, other in ((was, here), (here, was)):
            found = json.dumps(told(one, other, ["a"]))
            assert not any(part in found for part in (KEY, "a1B2", "pa55w0rd"))


@pytest.mark.django_db
def test_the_page_lists_it(client, alice, world, volume, by):
    run = drafted(SnapshotVolume(volume=volume.pk, quiet=True), world, by=by)
    world.scale(world.workload_using(volume.ref).ref, was=1, to=2)
    actions.start(run, typed=str(volume), by=by)
    assert finish(run, world) == "refused"
    client.force_login(alice)
    page = client.get(reverse("run", args=[run.pk])).text
    assert "the volume or its application changed" in page
    assert "<li>replicas: 1 → 2</li>" in page


@pytest.mark.django_db
def test_what_an_earlier_version_wrote_down_is_still_read(client, alice, volume):
    why = {"code": "changed", "names": ["scene", "filesystem"]}
    run = Run.objects.create(
        slug="snapshot-volume", params={"volume": volume.pk}, volume=volume, state="refused", why=why
    )
    client.force_login(alice)
    page = client.get(reverse("run", args=[run.pk])).text
    assert "the volume or its application, the filesystem changed" in page
    assert say(why) in page
    assert base.facts("changed", names=["scene"]).as_json() == {"code": "changed", "names": ["scene"]}
