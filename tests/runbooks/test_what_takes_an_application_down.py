"""Whatever a run takes an application down for relies on nobody else being at the volume, and on its staying down."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cluster.range import faults
from runbooks.library.fix_permissions import FixPermissions
from runbooks.library.reattach_volume import ReattachVolume
from runbooks.library.recovery_pod import RecoveryPod
from runbooks.library.restore_volume import RestoreVolume
from runbooks.library.snapshot_volume import SnapshotVolume
from tests.runbooks.conftest import HOME, drafted, finish, point_of, settle, started

pytestmark = pytest.mark.django_db

DOWN = ["stop-sync", "scale", "stays-down", "detached"]
SORTS = ["fix-permissions", "reattach-volume", "snapshot-volume", "recovery-pod", "restore-volume"]


class Otherwise:
    """The practice cluster, but for what a test says otherwise."""

    def __init__(self, cluster, **instead):
        self.cluster, self.instead = cluster, instead

    def __getattr__(self, name):
        return self.instead.get(name) or getattr(self.cluster, name)


@pytest.fixture
def sort(request, world, volume, by):
    """A runbook that takes the application down, in a world where it has something to do."""
    if request.param == "restore-volume":
        return RestoreVolume(volume=volume.pk, point=point_of(volume, world, by).pk)
    world.break_("wrong-owner")
    settle(world)
    return {
        "fix-permissions": FixPermissions(volume=volume.pk),
        "reattach-volume": ReattachVolume(volume=volume.pk),
        "snapshot-volume": SnapshotVolume(volume=volume.pk, quiet=True),
        "recovery-pod": RecoveryPod(volume=volume.pk, quiet=True),
    }[request.param]


@pytest.mark.parametrize("sort", SORTS, indirect=True)
def test_a_pod_of_somebody_else_that_has_the_volume_stops_it(sort, world, by):
    def with_stranger(claim):
        pods = world.pods_using(claim)
        return (*pods, replace(pods[0], name="debug", workload=replace(pods[0].workload, kind="Pod", name="debug")))

    run = drafted(sort, Otherwise(world, pods_using=with_stranger), by=by, range_=world)
    [told] = [o for o in run.objections if o["stops"]]
    assert (told["code"], told["stranger"]) == ("stranger", "home/debug")


@pytest.mark.parametrize("sort", SORTS, indirect=True)
def test_it_goes_down_by_the_same_acts(sort, world, by):
    codes = [act.told().code for act in drafted(sort, world, by=by).plan]
    first = codes.index("stop-sync")
    assert codes[first : first + len(DOWN)] == DOWN
    assert codes[-1] == "resume-guarded"


@pytest.mark.parametrize("sort", [s for s in SORTS if s != "reattach-volume"], indirect=True)
def test_what_starts_it_again_turns_the_run_back_before_it_does_what_it_is_for(sort, world, by):
    """Something heals the application that nobody has told of."""
    faults.heal(world.ground)
    before = world.fingerprint()["files"]
    deaf = Otherwise(world, keepers=lambda ref: ())
    run = started(sort, deaf, by=by)
    assert finish(run, deaf, world) == "undone"
    assert run.why["code"] == "healed"
    assert not {"own-count", "snapshot", "open-pod", "swap"} & {r.facts["code"] for r in run.records.all()}
    assert world.fingerprint()["files"] == before


@pytest.mark.parametrize("sort", ["fix-permissions"], indirect=True)
def test_an_application_that_came_back_while_the_files_were_counted_keeps_its_owners(sort, world, by):
    before = world.fingerprint()["files"]
    jobs, came = [], []

    def job(namespace, name):
        found = world.job(namespace, name)
        if found.state == "done" and jobs and name == jobs[-1] and not came:
            came.append(name)
            world.scale(world.workload_using(HOME).ref, was=0, to=1)
        return found

    def start_job(spec, *, dry=False):
        if "keep_list" in str(spec.spec):
            jobs.append(spec.name)
        world.start_job(spec, dry=dry)

    cluster = Otherwise(world, job=job, start_job=start_job)
    run = started(sort, cluster, by=by)
    assert finish(run, cluster, world) == "undone"
    assert came
    assert run.why["code"] == "healed"
    assert world.fingerprint()["files"][str(HOME)] == before[str(HOME)]
