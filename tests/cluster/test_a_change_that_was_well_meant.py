"""The security context that keeps an application from its files, and the GitOps that insists on it."""

from __future__ import annotations

import pytest

from cluster.errors import Conflict, NotFound, Refused
from cluster.range import faults
from cluster.range.faults import HARDENED
from cluster.range.range import Range
from tests.cluster.conftest import HA, HOME, SYNCER, pod_of, until
from tests.cluster.test_things_go_wrong_on_purpose import WIKI

NOTE = {"by": "alice", "why": "rolling back", "until": "2026-11-23T18:00:00Z"}


@pytest.fixture
def world(tmp_path):
    world = Range(tmp_path / "range", at_once=True)
    world.seed(small=True)
    yield world
    world.close()


def settle(world, ticks=3):
    for _ in range(ticks):
        world.tick()


def test_hardened_it_crash_loops_on_files_that_are_its_own(world):
    files = world.fingerprint()["files"]
    world.break_("hardened")
    settle(world, 5)
    pod = pod_of(world)
    assert (pod.ready, pod.containers[0].reason) == (False, "CrashLoopBackOff")
    assert any("Permission denied: '/config/.ha_run.lock'" in line for line in world.log(pod, "home-assistant"))
    assert world.fingerprint()["files"] == files
    newest, before, *_ = world.revisions(HA)
    assert (newest.current, newest.ready) == (True, False)
    assert newest.security.items() >= HARDENED.items()
    assert "home-assistant" not in before.security


def test_the_context_of_before_lets_it_start_again(world):
    before = world.fingerprint()
    good = world.revisions(HA)[0]
    world.break_("hardened")
    settle(world)
    world.set_security(HA, was=world.template(HA, HOME).security, to=good.security)
    settle(world)
    assert pod_of(world).ready
    newest = world.revisions(HA)[0]
    assert (newest.name, newest.current, newest.ready) == (good.name, True, True)
    assert newest.number > good.number
    assert world.fingerprint() == before


@pytest.mark.parametrize(
    "context",
    [
        {"allowPrivilegeEscalation": False},
        {"runAsNonRoot": True},
        {"runAsUser": 1000},
        {"capabilities": {"drop": ["ALL"], "add": ["CHOWN", "SETUID", "SETGID", "FOWNER"]}},
        {"capabilities": {"drop": ["DAC_OVERRIDE"]}},
    ],
)
def test_any_part_of_it_is_enough(world, context):
    world.set_security(HA, was=world.template(HA, HOME).security, to={HA.name: context})
    settle(world)
    assert not pod_of(world).ready


def test_what_takes_nothing_that_it_needs_does_no_harm(world):
    needed = {"drop": ["ALL"], "add": ["CHOWN", "SETUID", "SETGID", "DAC_OVERRIDE", "FOWNER"]}
    world.set_security(HA, was=world.template(HA, HOME).security, to={HA.name: {"capabilities": needed}})
    settle(world)
    assert pod_of(world).ready


def test_by_default_nobody_keeps_it(world):
    assert world.keepers(HA) == ()
    world.scale(HA, was=1, to=0)
    settle(world)
    assert world.workload(HA).replicas == 0


def test_switched_on_it_is_put_back_and_the_history_tells(world):
    faults.heal(world.ground)
    before = world.workload(HA)
    world.scale(HA, was=1, to=0)
    settle(world)
    assert world.workload(HA).replicas == 1
    assert world.replicas_since(HA, before.version) == (0, 1)
    assert any(e.reason == "ReconciliationSucceeded" for e in world.events(HOME))
    assert world.keepers(SYNCER) == ()


def test_within_five_seconds_at_the_pace_of_a_live_range(range_):
    faults.heal(range_.ground)
    range_.scale(HA, was=1, to=0)
    range_.tick()
    assert range_.workload(HA).replicas == 0
    until(lambda: range_.workload(HA).replicas == 1, range_.tick, seconds=5)


def test_a_rollback_lasts_only_while_it_is_paused(world):
    faults.heal(world.ground)
    good = world.revisions(HA)[0].security
    world.break_("hardened")
    (flux,) = world.keepers(HA)
    world.pause(flux, HA, NOTE)
    world.set_security(HA, was=world.template(HA, HOME).security, to=good)
    settle(world)
    assert pod_of(world).ready
    world.unpause(flux, HA)
    settle(world)
    assert not pod_of(world).ready, "Git still says otherwise"


def test_a_pause_can_be_taken_back_after_it_was_switched_off(world):
    faults.heal(world.ground)
    before = world.fingerprint()
    (flux,) = world.keepers(HA)
    world.pause(flux, HA, NOTE)
    faults.heal(world.ground, on=False)
    world.unpause(flux, HA)
    assert world.fingerprint() == before


def test_only_what_it_keeps_can_be_paused(world):
    faults.heal(world.ground)
    (flux,) = world.keepers(HA)
    with pytest.raises(NotFound):
        world.pause(flux, SYNCER, NOTE)
    with pytest.raises(Refused):
        world.pause(type(flux)("HPA", "home", "home-assistant"), HA, NOTE)


def test_mended_nothing_of_it_is_left(world):
    def objects():
        return {what: seen for what, seen in world.fingerprint().items() if what != "files"}

    before = objects()
    faults.heal(world.ground)
    world.break_("hardened")
    world.pause(*world.keepers(HA), HA, NOTE)
    world.mend()
    assert objects() == before
    assert world.keepers(HA) == ()


def test_a_node_without_a_place_says_why(world):
    assert world.room(HA).nodes == ("range-1",)
    faults.fill_node(world.ground, "Insufficient memory")
    assert (world.room(HA).nodes, world.room(HA).against) == ((), {"range-1": "Insufficient memory"})
    faults.fill_node(world.ground, "")
    assert world.room(HA).nodes


def test_changes_of_long_ago_are_no_longer_known(world):
    first = world.workload(HA).version
    for _ in range(60):
        world.scale(HA, was=1, to=0)
        world.scale(HA, was=0, to=1)
    from_here = world.workload(HA).version
    with pytest.raises(Conflict, match="no longer known"):
        world.replicas_since(HA, first)
    assert world.replicas_since(HA, from_here) == ()


def test_a_volume_of_a_claim_that_is_gone_waits_in_the_world(world):
    (left,) = world.released()
    assert left.was.namespace == WIKI.namespace
    assert left.reclaim == "Retain"
    assert world.fingerprint()["released"][left.volume]["wiki.sqlite3"]
