from __future__ import annotations

import threading
from dataclasses import dataclass

import pytest

from cluster.api import ClaimRef, JobSpec, WorkloadRef
from cluster.errors import ClusterError, NotFound, Refused, Unreachable
from cluster.range import faults
from cluster.range.objects import WorkloadObject
from cluster.range.range import Range
from tests.cluster.conftest import HA, HOME, until

WIKI = ClaimRef("wiki", "pages")


@pytest.fixture
def world(tmp_path):
    world = Range(tmp_path / "range", at_once=True)
    world.seed(small=True)
    yield world
    world.close()


def says(world, claim=WIKI):
    return {w.what: w.says for w in world.witnesses(claim)}


def test_an_attachment_that_will_not_go_is_told_by_every_witness_that_sees_it(world):
    faults.hold_attachment(world.ground, WIKI)
    world.scale(WorkloadRef("wiki", "Deployment", "wiki"), was=1, to=0)
    world.tick()
    assert says(world) == {"pods": "detached", "attachment": "attached", "node": "attached"}
    assert any("DeadlineExceeded" in w.detail for w in world.witnesses(WIKI))
    faults.hold_attachment(world.ground, WIKI, held=False)
    world.tick()
    assert set(says(world).values()) == {"detached"}


def test_a_snapshot_that_never_becomes_ready_says_why(world):
    faults.refuse_snapshots(world.ground, "the array has no space")
    world.make_snapshot(WIKI, "one", labels={})
    world.tick()
    seen = world.snapshot("wiki", "one")
    assert (seen.ready, seen.size, seen.error) == (False, 0, "the array has no space")
    with pytest.raises(Refused):
        world.start_job(JobSpec(WIKI, "early", "inspect", {}, snapshot="one"))
    faults.refuse_snapshots(world.ground, "")
    world.tick()
    assert world.snapshot("wiki", "one").ready
    assert world.snapshot("wiki", "one").error == ""


def test_a_small_disk_is_full_for_the_agent_too(world, tmp_path):
    data = world.ground.volumes.data(WIKI)
    file = str(tmp_path / "wiki.tar.zst")
    world.start_job(JobSpec(WIKI, "keep", "archive", {"file": file}))
    world.tick()
    assert world.job("wiki", "keep").state == "done"
    used = world.claim(WIKI).used
    faults.resize(world.ground, WIKI, used + 100)
    world.start_job(JobSpec(WIKI, "look", "inspect", {}))
    world.start_job(JobSpec(WIKI, "fill", "restore", {"run": "1", "file": file}))
    world.tick()
    seen = world.job("wiki", "look").result
    assert seen["total_bytes"] == used + 100
    assert 0 <= seen["free_bytes"] <= 100
    assert world.job("wiki", "fill").error["code"] == "no-space"
    assert (data / "wiki.sqlite3").is_file()


def test_a_job_that_was_killed_has_failed_without_a_word_and_an_event_says_so(range_):
    range_.start_job(JobSpec(HOME, "look", "inspect", {}))
    until(lambda: range_.job("home", "look").state == "running", range_.tick)
    faults.kill_job(range_.ground, "home", "look")
    until(lambda: range_.job("home", "look").state == "failed", range_.tick)
    assert (range_.job("home", "look").error, range_.job("home", "look").result) == ({}, {})
    range_.tick()
    assert any(e.reason == "BackoffLimitExceeded" and "killed" in e.message for e in range_.events(HOME))


def test_a_job_past_its_deadline_is_ended(range_):
    range_.start_job(JobSpec(HOME, "slow", "inspect", {}, deadline=0))
    until(lambda: range_.job("home", "slow").state in ("failed", "done"), range_.tick)
    range_.tick()
    assert range_.job("home", "slow").state == "failed"
    assert any(e.reason == "DeadlineExceeded" for e in range_.events(HOME))


def test_two_owners_of_one_claim_are_refused_by_name(world):
    with world.ground.objects.change() as state:
        other = WorkloadObject("home", "Deployment", "double", "u", 1, 0, [HOME.name], "image", ["run"])
        state.workloads["home/Deployment/double"] = other
    with pytest.raises(Refused, match=r"home-assistant.*double"):
        world.workload_using(HOME)


def test_a_claim_that_nobody_uses_has_no_workload(world):
    with world.ground.objects.change() as state:
        del state.workloads["wiki/Deployment/wiki"]
    assert world.workload_using(WIKI) is None


@dataclass
class Faulty:
    """A cluster whose answers get lost: before anything happened, or after it did."""

    world: Range
    when: str

    def __getattr__(self, name):
        real = getattr(self.world, name)

        def call(*args, **kwargs):
            if self.when == "after":
                real(*args, **kwargs)
            raise Unreachable("no answer")

        return call


VERBS = {
    "scale": lambda c: c.scale(HA, was=1, to=0),
    "make_snapshot": lambda c: c.make_snapshot(HOME, "one", labels={}),
    "start_job": lambda c: c.start_job(JobSpec(HOME, "look", "inspect", {})),
    "suspend": lambda c: c.suspend(Range(c.directory).syncs(HOME)[0]),
}


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("verb", VERBS)
def test_a_lost_answer_may_be_asked_for_again(world, verb, when):
    ask = VERBS[verb]
    lost = Faulty(world, when)
    lost.directory = world.directory
    with pytest.raises(Unreachable):
        ask(lost)
    ask(world)
    once = world.fingerprint(), len(world.ground.objects.read().jobs), len(world.view().snapshots)
    ask(world)
    assert (world.fingerprint(), len(world.ground.objects.read().jobs), len(world.view().snapshots)) == once


def test_two_who_press_break_it_at_once_break_it_once_or_twice_and_nothing_else(world):
    went_wrong = []

    def press(kind):
        try:
            Range(world.directory).break_(kind)
        except (ClusterError, OSError) as e:
            went_wrong.append(e)

    presses = [threading.Thread(target=press, args=(kind,)) for kind in ("emptied", "wiped-by-sync", "emptied") * 3]
    for each in presses:
        each.start()
    for each in presses:
        each.join()
    assert went_wrong == []
    world.tick()
    world.tick()
    assert [p.onboarding for p in world.pods_using(HOME) if p.workload == HA] == [True]
    assert [p.name for p in world.ground.volumes.data(HOME).parent.iterdir()] == ["data"]


def test_objects_that_cannot_be_read_are_unreachable(world):
    world.ground.objects.path.unlink()
    world.ground.objects.path.mkdir()
    with pytest.raises(Unreachable, match="cannot be read"):
        world.view()


def test_a_pod_of_another_time_has_no_log(world):
    pod = world.pods_using(HOME)[0]
    world.mend()
    with pytest.raises(NotFound):
        world.log(pod, pod.containers[0].name)
