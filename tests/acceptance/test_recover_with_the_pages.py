"""Somebody gets the application back with nothing but the pages: the scene that all of this is for."""

from __future__ import annotations

import os
import re

import pytest

from tests.acceptance import fingerprint, handmade, pages
from tests.acceptance.scene import contents
from tests.acceptance.scene.objects import CLAIM
from tests.acceptance.server import until
from tests.browser import hands, looking, program
from tests.browser.conftest import CHOSEN, browser

__all__ = ["browser"]
STEADY = os.environ.get("SCENE_STEADY", "5")  # seconds that pods must stay ready; the program's own is 60


@pytest.fixture(scope="module")
def aftermath(browser, tmp_path_factory, stage, store):
    """The whole program beside the cluster, as `make run` starts it."""
    environment = {
        "CLUSTER": "kubernetes",
        "KUBECONFIG": os.environ["KUBECONFIG"],
        "AGENT_IMAGE": stage.image,
        "S3_ENDPOINT": store.endpoint,
        "S3_ENDPOINT_FROM_PODS": store.from_pods,
        "STEADY_SECONDS": STEADY,
        "SWEEP_SECONDS": "3",
    }
    with program.running(tmp_path_factory.mktemp("beside-kubernetes"), **environment) as running:
        with looking.person(browser, running.address) as (page, _watch):
            looking.sign_in(page, running.name, running.one_time, then=CHOSEN)
        yield running


@pytest.fixture(scope="module")
def person(browser, aftermath, stage):
    with looking.person(browser, aftermath.address) as (page, _watch):
        looking.sign_in(page, aftermath.name, CHOSEN)
        state = dict(page.context.storage_state())
    with pages.responder(browser, aftermath, state, stage) as person:
        yield person


@pytest.fixture(scope="module")
def volume(person):
    """The address of the volume's page: registered, archived and kept as a snapshot while all was well."""
    address = person.registers()
    person.does("archive-volume", volume=person.name)
    person.does("snapshot-volume", volume=person.name)
    return address


@pytest.fixture(scope="module")
def whole(stage, volume):
    return fingerprint.still(stage.prints()[""])


@pytest.fixture
def say(capsys):
    def said(words):
        with capsys.disabled():
            print(f"\n  {words}", end="")

    return said


def test_an_application_that_was_hardened_emptied_and_wiped_comes_back_from_its_archive(
    stage, person, volume, whole, say
):
    others, secure = stage.others(), stage.security()
    stage.harden()
    hardened = stage.security()
    stage.empty()
    stage.wiped()
    title = "The house forgot everything"
    incident = person.opens(title)

    began = person.starts_counting()
    suspended = person.does("suspend-sync", volume=person.name, incident=title)
    assert stage.replicas() == 0, "a sync that lives in the application's pods is stopped with them"
    emptied = stage.prints()[""]
    rolled = person.does("roll-back-security", volume=person.name, incident=title)
    assert stage.security() == secure
    restored = person.restores(volume, "Archive", incident=title)
    took = person.took
    resumed = person.does("resume-sync", volume=person.name, incident=title)
    say(f"from the first press to healthy and syncing: {person.since(began)}, of which the restore {took}")

    stage.serves("home")
    kept = f".aftermath/{tag(stage, restored)}/previous"
    now = stage.prints(CLAIM, kept)
    fingerprint.same(whole, fingerprint.still(now[""]))
    assert now[kept] is not None, "the emptied state is beside what was restored"
    fingerprint.same(fingerprint.below(emptied), fingerprint.below(now[kept]))
    assert safety(stage, restored), "the safety snapshot is there"
    assert stage.others() == others
    until(lambda: "odd/noted" in stage.mirrored(), "the sync to have copied it again")
    runs = [suspended, rolled, restored, resumed]
    told = person.timeline(incident)
    for run in runs:
        for act in person.acts(run):
            assert act in told, f"{act!r} of {run} is not in the incident"
    assert person.chain() == "Whole"

    for run in (resumed, restored, rolled):
        person.takes_back(run)
    fingerprint.same(fingerprint.still(emptied), fingerprint.still(stage.prints()[""]))
    assert stage.security() == hardened
    assert stage.replicas() == 0
    assert safety(stage, restored), "the safety snapshot is kept, also then"
    assert stage.others() == others

    person.does("roll-back-security", volume=person.name, incident=title)
    again = person.restores(volume, "Archive", incident=title)
    person.does("resume-sync", volume=person.name, incident=title)
    stage.serves("home")
    fingerprint.same(whole, fingerprint.still(stage.prints()[""]))
    kept = f".aftermath/{tag(stage, again)}/previous"
    assert stage.prints(CLAIM, kept)[kept]
    person.does("purge-kept", volume=person.name, restore=f"Run {hands.number(again)}", incident=title)
    assert not stage.prints(CLAIM, kept)[kept]
    fingerprint.same(whole, fingerprint.still(stage.prints()[""]))
    assert stage.others() == others
    assert person.chain() == "Whole"
    say(f"with its way back, another restore and a purge: {person.since(began)}")


def tag(stage, run):
    """What a run's things are named after: its jobs carry it."""
    runs = {job["metadata"]["labels"].get("aftermath.dev/run", "") for job in stage.server.list("Job", stage.namespace)}
    return next(f"am-{told}" for told in runs if told.partition("-")[0] == hands.number(run))


def safety(stage, run):
    """The snapshots of a run that are ready, and whose data stays when they are deleted."""
    found = []
    for snapshot in stage.snapshots():
        if snapshot["metadata"]["name"].startswith(f"am-{hands.number(run)}-") and snapshot["status"]["readyToUse"]:
            behind = snapshot["status"]["boundVolumeSnapshotContentName"]
            content = stage.server.get("VolumeSnapshotContent", "", behind)
            found += [behind] if content["spec"]["deletionPolicy"] == "Retain" else []
    return found


@pytest.fixture
def emptied(stage, volume, whole):
    """The volume is as new, and the application asks to be set up."""
    stage.empty()
    return fingerprint.still(stage.prints()[""])


@pytest.mark.matrix
def test_it_comes_back_from_a_snapshot(stage, person, volume, whole, emptied, say):
    began = person.starts_counting()
    person.restores(volume, "-snapshot")
    say(f"from a snapshot: {person.since(began)}")
    stage.serves("home")
    fingerprint.same(whole, fingerprint.still(stage.prints()[""]))


@pytest.mark.matrix
@pytest.mark.parametrize("kind", handmade.ENDINGS)
def test_it_comes_back_from_a_tar_that_somebody_made_by_hand(stage, person, volume, emptied, tmp_path, say, kind):
    tar = tmp_path / "home six days ago.tar"
    entries = handmade.tar_of(tar, stage.six_days_ago, stage.thumbnails)
    began = person.starts_counting()
    person.brings(volume, handmade.packed(tar, kind))
    run = person.goes_on()
    say(f"from a file that was uploaded, {kind}: {person.since(began)}")
    stage.serves("home")
    now = stage.prints()[""]
    fingerprint.holds(now, fingerprint.expected(entries))
    assert fingerprint.still(now).keys() - {entry.path for entry in entries} == {"."}
    person.takes_back(run)
    fingerprint.same(emptied, fingerprint.still(stage.prints()[""]))
    assert stage.replicas() == 0, "its sidecar would copy the emptiness away"


@pytest.mark.matrix
def test_it_comes_back_from_a_volume_that_lost_its_claim(stage, person, volume, emptied, say):
    entries = list(contents.entries(stage.twelve_days_ago, stage.thumbnails))
    began = person.starts_counting()
    person.restores(volume, re.compile("released", re.IGNORECASE))
    say(f"from a released volume: {person.since(began)}")
    stage.serves("home")
    now = stage.prints()[""]
    fingerprint.holds(now, fingerprint.expected(entries))
    assert fingerprint.still(now).keys() - {entry.path for entry in entries} == {"."}
    assert stage.phase_of(stage.released) == "Released", "it is as it was, to be used again"
