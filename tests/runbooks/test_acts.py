"""The two laws of acts, for every act in the program, on the practice cluster with real files and the real agent."""

from __future__ import annotations

import re
import time
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from cluster.api import ClaimRef, Keeper, Sync, WorkloadRef
from cluster.range import faults
from cluster.range import released as left_behind
from cluster.range.range import Range
from cluster.range.store import serve
from cluster.range.world import LEFT as LEFT_OBJECT
from runbooks.acts import data, gitops, nas, pods, released, security, snapshots, syncs, workloads
from runbooks.acts.guards import Guarded
from runbooks.base import Act, NotYet
from runbooks.sentences import say
from runbooks.world import Lease, Patience, World
from tests.runbooks.conftest import HOME, settle

HA = WorkloadRef("home", "Deployment", "home-assistant")
SYNC = Sync(WorkloadRef("home", "Deployment", "config-syncer"), "Deployment", HOME.name, running=True, replicas=1)
RUN = "am-1"
FLUX = Keeper("Flux", "flux-system", "apps", pausable=True)
LEFT = left_behind.value(LEFT_OBJECT)
PLAIN = {"": {"seccompProfile": {"type": "RuntimeDefault"}}}
HARD = {**PLAIN, "home-assistant": {"allowPrivilegeEscalation": False}}
SIDECAR = replace(SYNC, workload=HA, kind="Sidecar", container="copier")
WHOLE = syncs.Guard((), (".storage/auth",), 1)
UNDONE = snapshots.KeepSnapshot(HOME, "am-1-undone", safety=True)
EMPTY = syncs.Guard((), (), 10**6)
SOURCE = ClaimRef("home", "am-1-source")


class NoRecords:
    """Our own records, where an act needs none but its lease."""

    def __init__(self, store):
        self.place = store
        self.held: dict[str, Keeper] = {}

    def store(self):
        return self.place

    def lent(self, bucket, prefix, *, write=False):
        return {"AWS_ACCESS_KEY_ID": "of-the-range", "AWS_SECRET_ACCESS_KEY": "its-own"}

    def verified(self, point):
        pass

    def pause(self, tag, keeper, workload, minutes):
        until = datetime(2026, 11, 23, 16, minutes % 60, tzinfo=UTC)
        return Lease(self.held.setdefault(str(keeper), keeper), until, "alice", "a drill")

    def to_resume(self, tag, keeper, workload, *, all_leases=False):
        return self.held.get(str(keeper), keeper)

    def resumed(self, tag, keeper, workload, *, all_leases=False):
        self.held.pop(str(keeper), None)


def do(act: Act, world: World, at: str = "1", *, back: bool = False) -> None:
    """Call an act until it returns, as the engine does, while the practice cluster goes on."""
    memory = {}
    for _ in range(400):
        try:
            act.do(replace(world, at=at, back=back, memory=memory))
            return
        except NotYet as e:
            memory = e.progress or memory
            world.cluster.tick()
            time.sleep(0.01)
    raise AssertionError(f"{act} never came to an end")


def before_nothing(world: World) -> None:
    pass


def before_kept(world: World) -> None:
    """Something keeps the application as it is declared."""
    faults.heal(world.cluster.ground)


def before_paused(world: World) -> None:
    before_kept(world)
    do(gitops.PauseKeeper(FLUX, HA, 60), world, "96")


def before_down(world: World) -> None:
    do(workloads.Scale(HA, was=1, to=0), world, "91")


def before_open(world: World) -> None:
    do(pods.OpenPod(HOME, "am-1-pod", seconds=1), world, "97")


def before_rebound(world: World) -> None:
    do(released.Rebind(LEFT, SOURCE), world, "98")


def before_stopped(world: World) -> None:
    do(syncs.StopSync(SYNC), world, "90")
    do(workloads.Scale(HA, was=1, to=0), world, "91")


def before_snapshot(world: World) -> None:
    before_stopped(world)
    do(snapshots.KeepSnapshot(HOME, "good"), world, "92")


def before_staged(world: World) -> None:
    before_snapshot(world)
    do(extract(), world, "93")


def before_owned(world: World) -> None:
    before_staged(world)
    do(data.Own(HOME, RUN, 1000, 1000, where="staging"), world, "94")


def before_swapped(world: World) -> None:
    before_snapshot(world)
    world.cluster.break_("emptied")
    do(extract(), world, "93")
    do(data.Swap(HOME, RUN, UNDONE), world, "95")


def extract() -> data.Extract:
    return data.Extract(HOME, "snapshot", "good", {}, files=1, bytes=1, filesystem="", run=RUN)


ACTS = [
    (workloads.Scale(HA, was=1, to=0), before_nothing),
    (workloads.Scale(HA, was=0, to=1), before_stopped),
    (workloads.Scale(HA, was=1, to=0, guarded=Guarded(SIDECAR, WHOLE)), before_nothing),
    (syncs.StopSync(SYNC), before_nothing),
    (syncs.ResumeSync(SYNC), before_stopped),
    (workloads.Detached(HOME), before_stopped),
    (workloads.Healthy(HA, HOME, 1), before_nothing),
    (workloads.Witnessed(HOME), before_nothing),
    (snapshots.KeepSnapshot(HOME, "kept"), before_nothing),
    (extract(), before_snapshot),
    (data.Verify(HOME, RUN, (".storage/auth",), 1), before_staged),
    (data.Own(HOME, RUN, 1234, 1234, where="staging"), before_staged),
    (data.Own(HOME, RUN, 1234, 1234), before_stopped),
    (data.Disown(HOME, RUN), before_owned),
    (data.Swap(HOME, RUN, UNDONE), before_staged),
    (data.SwapBack(HOME, RUN, UNDONE), before_swapped),
    (data.SwapBack(HOME, RUN, None), before_swapped),
    (data.Discard(HOME, RUN), before_staged),
    (syncs.StopSync(SYNC, WHOLE), before_nothing),
    (syncs.ResumeSync(SYNC, WHOLE), before_stopped),
    (syncs.ResumeSync(SYNC, EMPTY), before_stopped),
    (workloads.StaysDown(HA, ""), before_down),
    (workloads.StaysDown(HA, "", watch=False), before_down),
    (gitops.PauseKeeper(FLUX, HA, 60), before_kept),
    (gitops.ResumeKeeper(FLUX, HA, 60), before_paused),
    (gitops.PauseKeeper(FLUX, HA, 60, Guarded(SYNC, WHOLE)), before_kept),
    (gitops.ResumeKeeper(FLUX, HA, 60, guarded=Guarded(SYNC, WHOLE)), before_paused),
    (gitops.StaysPaused(FLUX, HA), before_paused),
    (syncs.NoteVolume(HOME, (".storage/auth",)), before_stopped),
    (security.SetSecurity(HA, was=PLAIN, to=HARD), before_nothing),
    (released.Rebind(LEFT, SOURCE), before_nothing),
    (released.LetGo(SOURCE, "98"), before_rebound),
    (pods.OpenPod(HOME, "am-1-pod", seconds=1), before_nothing),
    (pods.ClosePod(HOME, "am-1-pod"), before_open),
    (pods.PodOpen(HOME, "am-1-pod"), before_open),
    (data.ListWrong(HOME, RUN, 1234, 1234), before_stopped),
    (data.Purge(HOME, RUN, 1, 1), before_swapped),
    (snapshots.DropSnapshot(HOME, "good"), before_snapshot),
    (data.Archive(HOME, "one", "archives/home", {}, (".storage/auth",), snapshot="good"), before_snapshot),
]


def every(kind: type) -> set[type]:
    return {k for s in kind.__subclasses__() for k in {s} | every(s)}


def test_every_act_is_here():
    elsewhere = {nas.KeepNasSnapshot}  # beside a NAS: tests/nas
    assert {type(act) for act, _ in ACTS} | elsewhere == every(Act)


@pytest.fixture
def live(world: Range):
    store = {"endpoint": world.store.endpoint, "region": "us-east-1", "bucket": "practice"}
    with serve(world.directory):
        yield World(world, NoRecords(store), tag=RUN, patience=Patience(0, 0)), store


def print_of(world: World) -> dict:
    """Everything that matters, what is staged and what was put aside too; the bookkeeping of runs is not."""
    seen = world.cluster.fingerprint(apart=True)
    seen["snapshots"].pop(f"home/{RUN}-undone", None)  # kept on purpose: what was live before it was taken back
    for prints in seen["files"].values():
        for path in [p for p in prints if p.startswith(".aftermath")]:
            if not re.search(r"/(staging|previous)/", path):
                del prints[path]
    return seen


def with_store(act: Act, store) -> Act:
    return replace(act, store=store) if isinstance(act, data.Archive) else act


@pytest.mark.parametrize(("act", "before"), ACTS, ids=lambda v: v.__name__ if callable(v) else str(v)[:60])
def test_doing_it_twice_is_doing_it_once(act, before, live):
    world, store = live
    act = with_store(act, store)
    before(world)
    do(act, world)
    once = print_of(world)
    do(act, world)
    assert print_of(world) == once
    do(act, replace(world, attempt=2))  # and once more under new names, as when a person says: try again
    assert print_of(world) == once


TAKEN_BACK = [(a, b) for a, b in ACTS if not a.kept and not a.one_way and not a.asks_only and a.inverse()]


@pytest.mark.parametrize(("act", "before"), TAKEN_BACK, ids=lambda v: v.__name__ if callable(v) else str(v)[:60])
def test_the_inverse_takes_it_back(act, before, live):
    world, _ = live
    before(world)
    settle(world.cluster)
    was = print_of(world)
    do(act, world)
    inverse = act.inverse()
    do(inverse, world, back=True)
    settle(world.cluster)
    assert print_of(world) == was


@pytest.mark.parametrize(("act", "before"), TAKEN_BACK, ids=lambda v: v.__name__ if callable(v) else str(v)[:60])
def test_the_inverse_takes_it_back_when_it_stopped_half_way(act, before, live):
    """The worker was gone after the first call, and the job beside the files was killed at once."""
    world, _ = live
    before(world)
    settle(world.cluster)
    was = print_of(world)
    first = replace(world, at="1")
    try:
        act.do(first)
    except NotYet:
        world.cluster.drop_job("home", first.name())
    do(act.inverse(), world, back=True)
    settle(world.cluster)
    assert print_of(world) == was


def test_a_workload_whose_sidecar_would_copy_an_emptied_volume_away_is_left_down(live):
    world, _ = live
    down = workloads.Scale(HA, was=1, to=0, guarded=Guarded(SIDECAR, WHOLE))
    do(down, world)
    world.cluster.break_("emptied")
    do(down.inverse(), world, back=True)
    assert world.cluster.workload(HA).replicas == 0


def test_files_are_not_moved_under_a_pod_that_came_meanwhile(live):
    world, _ = live
    before_staged(world)
    do(workloads.Scale(HA, was=0, to=1), world, "99")
    settle(world.cluster)
    for act in (data.Swap(HOME, RUN, UNDONE), data.SwapBack(HOME, RUN, UNDONE)):
        with pytest.raises(NotYet) as waits:
            act.do(replace(world, at="1"))
        assert waits.value.waiting.code == "pods-to-go"
    assert not any(job.startswith("am-1-1") for job in world.cluster.ground.objects.read().jobs)


def test_a_snapshot_that_never_became_ready_is_taken_under_another_name_when_it_is_tried_again(live):
    world, _ = live
    with world.cluster.ground.objects.change() as state:
        state.faults.snapshots = "no room"
    act = snapshots.KeepSnapshot(HOME, "kept")
    for _ in range(3):
        with pytest.raises(NotYet):
            act.do(world)
        world.cluster.tick()
    again = replace(world, attempt=2)
    with pytest.raises(NotYet) as waits:
        act.do(again)
    assert waits.value.waiting.params["name"] == "kept-2"
    with world.cluster.ground.objects.change() as state:
        state.faults.snapshots = ""
    world.cluster.tick()
    assert act.do(again)["snapshot"] == "kept", "the first became ready after all, and is the one of that moment"


def test_a_snapshot_whose_data_would_go_with_it_is_not_said_to_stay(live, monkeypatch):
    """No class that retains, and no right to say so of its content."""
    world = replace(live[0], at="1")
    act = snapshots.KeepSnapshot(HOME, "kept", safety=True)
    do(act, world)
    assert "note" not in act.do(world)
    seen = world.cluster.snapshot
    monkeypatch.setattr(world.cluster, "snapshot", lambda namespace, name: replace(seen(namespace, name), kept=False))
    note = act.do(world)["note"]
    assert note["code"] == "snapshot-not-kept"
    assert "kept" in say(note)
    assert "%(" not in say(note)


@pytest.mark.parametrize("act", [a for a, _ in ACTS if a.asks_only], ids=str)
def test_what_only_asks_has_nothing_to_take_back(act):
    assert act.inverse() is None


@pytest.mark.parametrize("act", [a for a, _ in ACTS], ids=lambda a: type(a).__name__)
def test_every_act_can_be_said(act):
    from runbooks.sentences import SENTENCES, say  # noqa: PLC0415

    told = act.told().as_json()
    assert told["code"] in SENTENCES
    assert "%(" not in say(told)
