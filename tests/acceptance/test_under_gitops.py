"""Runs over an application that something keeps as Git declares it, within five seconds, whatever anybody changes."""

from __future__ import annotations

import time
from datetime import timedelta

import pytest
from django.utils.timezone import now

from runbooks import leases
from runbooks.library.pause_gitops import PauseGitOps
from runbooks.library.resume_gitops import ResumeGitOps
from runbooks.library.snapshot_volume import SnapshotVolume
from runbooks.models import Pause
from tests.acceptance import fingerprint
from tests.acceptance.accounts import WHERE
from tests.acceptance.scene.objects import HOUSE
from tests.cluster import crds, healing
from tests.cluster.kit import Anything, Ground, connected

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.matrix]
WAYS = {"Flux": healing.flux, "Argo CD": healing.argo}


@pytest.fixture(scope="module")
def ground(house):
    ground = Ground(connected(), house.namespace)
    with crds.installed(ground):
        yield ground


@pytest.fixture(params=WAYS)
def kept(request, house, whole, ground, drive):
    """The application, whole and up, is kept by one of these."""
    with WAYS[request.param](ground, workload(drive)) as keeper:
        yield keeper


def workload(drive):
    return drive.cluster.workload_using(drive.register().ref).ref


def still(house):
    return fingerprint.still(house.prints()[""])


def heals(house):
    """Somebody scales it down, and Git has it its way."""
    house.server.patch("Deployment", house.namespace, HOUSE, {"spec": {"replicas": 0}})
    end = time.monotonic() + healing.WITHIN
    while house.replicas() == 0:
        assert time.monotonic() < end, "nothing heals it"
        time.sleep(0.1)


def paused(drive):
    (keeper,) = drive.cluster.keepers(workload(drive))
    return keeper.paused


def test_a_restore_pauses_it_first_resumes_it_last_and_is_taken_back_so(kept, house, whole, drive):
    point = drive.point()
    heals(house)
    house.spoil()
    before = still(house)
    run = drive.restores(point)
    drive.ends(run, "done")
    codes = [act.told().code for act in run.plan]
    assert codes.index("pause") < codes.index("scale") < codes.index("stays-down") < codes.index("extract")
    assert codes[-1] == "resume"
    fingerprint.same(whole, still(house))
    assert not paused(drive)
    assert not Pause.objects.filter(ended=None).exists()
    heals(house)
    drive.undoes(run)
    fingerprint.same(before, still(house))
    assert house.replicas() == 0, "its sync would copy away what is left of the volume"
    assert paused(drive), "and nothing gives it its pods back"


def test_what_pays_no_heed_to_its_pause_is_noticed_before_any_data_is_touched(kept, house, drive):
    point = drive.point()
    house.spoil()
    before = still(house)
    kept.lets = lambda here, own: True
    run = drive.restores(point)
    drive.ends(run, "undone")
    assert run.why["code"] == "healed", run.why
    assert not run.records.filter(facts__code="extract").exists()
    fingerprint.same(before, still(house))


@pytest.fixture
def not_opted_in(house, accounts):
    """Where the keeper's own object is, nobody has given the right to change it."""
    every = WHERE["RoleBinding"].format(house.namespace)
    path = f"{every}/{accounts.name('aftermath-gitops')}"
    binding = house.server.ask("GET", path)
    house.server.ask("DELETE", path)
    yield
    house.server.ask("POST", every, binding | {"metadata": {"name": binding["metadata"]["name"]}})


def test_without_the_right_to_pause_it_a_run_goes_where_somebody_has(house, whole, ground, drive, not_opted_in):
    sort = SnapshotVolume(volume=drive.register().pk, quiet=True)
    with healing.argo(ground, workload(drive)) as argo:
        told = drive.drafts(sort).objections
        assert [o["code"] for o in told if o["stops"]] == ["dry-refused"]
        ground.api.merge(argo.own, {"spec": {"syncPolicy": {"automated": {"enabled": False}}}})
        before = ground.api.get(argo.own, Anything).metadata
        run = drive.starts(sort)
        drive.ends(run, "done")
        codes = [act.told().code for act in run.plan]
        assert (codes[0], codes[-1]) == ("pause-theirs", "resume-theirs")
        assert paused(drive)
        assert ground.api.get(argo.own, Anything).metadata == before, "it is told nothing"
        house.serves("home")
        fingerprint.same(whole, still(house))
        run = drive.starts(sort)
        drive.reach(run, "stays-down")
        ground.api.merge(argo.own, {"spec": {"syncPolicy": {"automated": {"enabled": True}}}})
        drive.ends(run, "undone")
        assert run.why["code"] == "healed", run.why
        assert not paused(drive)
        house.serves("home")


def test_a_pause_holds_until_somebody_ends_it_or_the_clock_does(kept, house, drive):
    volume = drive.register()
    for ends in ("person", "clock"):
        drive.ends(drive.starts(PauseGitOps(volume=volume.pk, minutes=30)), "done")
        house.server.patch("Deployment", house.namespace, HOUSE, {"spec": {"replicas": 0}})
        time.sleep(healing.WITHIN / 2)
        assert house.replicas() == 0
        if ends == "person":
            drive.ends(drive.starts(ResumeGitOps(volume=volume.pk)), "done")
        else:
            Pause.objects.filter(ended=None).update(until=now() - timedelta(seconds=1), not_before=now())
            leases.tend(Pause.objects.get(ended=None).pk, drive.cluster)
        assert not paused(drive)
        assert not Pause.objects.filter(ended=None).exists()
        house.serves("home")
