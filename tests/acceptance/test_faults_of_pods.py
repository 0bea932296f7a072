"""Pods and volumes that fail in the middle of a restore."""

from __future__ import annotations

import json
import threading
import time
from urllib.parse import urlsplit

import pytest

from runbooks.acts.workloads import Detached
from tests.acceptance import fingerprint
from tests.acceptance.node import kill_when
from tests.acceptance.proxy import pipe
from tests.acceptance.scene.objects import CLAIM, HOUSE
from tests.acceptance.server import until

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.matrix]
FILES = 3_000  # small ones, 2.9 MB in all: an archive that is read in a dozen pieces
SLOWLY = 300_000  # bytes a second: an extraction takes ten seconds
ATTACHED = "ControllerUnpublishVolume"


def still(house):
    return fingerprint.still(house.prints()[""])


@pytest.fixture
def slow(store, settings):
    """The object store as pods reach it, through a pipe of the tests."""
    there = urlsplit(store.from_pods)
    with pipe((str(there.hostname), there.port or 80), str(there.hostname)) as here:
        settings.S3_ENDPOINT_FROM_PODS = here.endpoint
        yield here


def killer(house, drive, run, code, shares):
    """Kills the pod of an act's job each time that its progress comes to the next of `shares`."""
    position, left = drive.position(run, code), list(shares)
    killed = []

    def meanwhile():
        record = run.records.filter(position=position, undo=False).first()
        told = record.progress if record else {}
        if not left or not told.get("of_files") or told.get("doing") not in (None, "extract"):
            return
        if told.get("files", 0) / told["of_files"] * 100 >= left[0]:
            for pod in house.agents():
                if pod["status"]["phase"] == "Running":
                    house.server.delete("Pod", house.namespace, pod["metadata"]["name"], grace=0)
                    killed.append(round(told["files"] / told["of_files"] * 100))
                    left.pop(0)

    return meanwhile, killed


@pytest.mark.parametrize("shares", [(20,), (50,), (90,), (20, 50)], ids=str)
def test_a_pod_killed_in_an_extraction_is_started_again(house, whole, drive, slow, shares):
    point = drive.point()
    house.spoil()
    slow.rate = SLOWLY
    run = drive.restores(point)
    meanwhile, killed = killer(house, drive, run, "extract", shares)
    drive.ends(run, "done", meanwhile=meanwhile)
    print(f"killed at {killed} %")
    assert len(killed) == len(shares)
    fingerprint.same(whole, still(house))


def test_a_pod_killed_in_each_extraction_is_given_up_and_the_next_run_does_it(house, whole, drive, slow):
    point = drive.point()
    house.spoil()
    before = still(house)
    slow.rate = SLOWLY
    run = drive.restores(point)
    meanwhile, killed = killer(house, drive, run, "extract", (20, 50, 90))
    drive.ends(run, "undone", meanwhile=meanwhile)
    assert len(killed) == 3
    fingerprint.same(before, still(house))
    assert house.replicas() == 0, "its sync would copy away what is left of the volume"
    house.rights_itself()
    slow.rate = None
    again = drive.restores(point)
    drive.ends(again, "done")
    fingerprint.same(whole, still(house))


@pytest.mark.parametrize("times", [1, 3])
def test_a_pod_killed_between_the_renames_of_the_swap(house, whole, drive, node, times):
    """Live names are aside and staged ones are not yet in place. It goes on from there, or back when told to."""
    point = drive.point()
    house.spoil(names=30_000)
    before = still(house)
    run = drive.restores(point)
    drive.reach(run, "swap")
    place = until(lambda: node.mounted(house.volume_of(CLAIM)), "the volume to be mounted")
    ours = place / ".aftermath" / run.tag
    killed, over = [], threading.Event()

    def watch():
        while len(killed) < times and not over.wait(0.01):
            if node.agent("swap", place):
                killed.append(kill_when(lambda: node.agent("swap", place), lambda: between(ours), 30))

    watching = threading.Thread(target=watch)
    watching.start()
    try:
        drive.goes_on(run)
    finally:
        over.set()
        watching.join()
    assert killed == [True] * times, "the moment was missed"
    if times == 1:
        assert run.state == "done", run.why
        fingerprint.same(whole, still(house))
        drive.undoes(run)
    assert run.state in ("undone", "stuck"), run.why
    if run.state == "undone":
        fingerprint.same(before, still(house))


def between(ours) -> bool:
    """Something live has been put aside, and not everything that was staged is in place."""
    try:
        journal = (ours / "journal.jsonl").read_text().splitlines()
        plan = json.loads(journal[0])
        aside = sum(1 for _ in (ours / "previous").iterdir())
        staged = sum(1 for _ in (ours / "staging").iterdir())
    except (FileNotFoundError, IndexError, ValueError):
        return False
    return aside > 0 and staged == len(plan["staged"])


def test_the_disk_is_full_in_staging(house, whole, drive, node, slow):
    point = drive.point()
    house.spoil()
    before = still(house)
    slow.rate = SLOWLY
    run = drive.restores(point)
    drive.reach(run, "extract")
    place = until(lambda: node.mounted(house.volume_of(CLAIM)), "the volume to be mounted")
    balloon = place / "lost+found" / "balloon"

    def meanwhile():
        if not balloon.exists() and any((place / ".aftermath" / run.tag / "staging").glob("*")):
            with balloon.open("wb") as file:
                while True:
                    try:
                        file.write(bytes(1 << 20))
                        file.flush()
                    except OSError:
                        return

    try:
        drive.ends(run, "undone", meanwhile=meanwhile)
        assert "no-space" in json.dumps(run.why), run.why
    finally:
        house.rights_itself()
        house.serves("home")  # so it is mounted again
        place = until(lambda: node.mounted(house.volume_of(CLAIM)), "the volume to be mounted")
        (place / "lost+found" / "balloon").unlink()
    fingerprint.same(before, still(house))
    slow.rate = None
    again = drive.restores(point)
    drive.ends(again, "done")
    fingerprint.same(whole, still(house))


def test_an_attachment_that_will_not_go(house, whole, drive, node, monkeypatch):
    point = drive.point()
    house.spoil()
    before = still(house)
    run = drive.restores(point)
    with node.fault(ATTACHED, house.volume_of(CLAIM), "fail 13 the array does not answer"):
        monkeypatch.setattr(Detached, "minutes", 0.4)
        drive.goes_on(run, {"undoing"})
        assert "the array does not answer" in json.dumps(run.why), run.why
    monkeypatch.undo()
    drive.ends(run, "undone")
    house.rights_itself()
    house.serves("home")
    fingerprint.same(before, still(house))


def test_a_stranger_that_mounts_the_claim_is_named_before_anything(house, drive):
    point = drive.point()
    name = house.begin(CLAIM, ["sleep", "600"])
    try:
        until(lambda: house.server.get("Pod", house.namespace, name)["status"]["phase"] == "Running", "it to run")
        run = drive.drafts_restore(point)
        assert [o for o in run.objections if o["stops"] and name in json.dumps(o)], run.objections
        assert house.replicas() == 1
    finally:
        house.stop(name)


def test_a_stranger_that_comes_after_the_approval_is_waited_for(house, whole, drive):
    point = drive.point()
    house.spoil()
    run = drive.restores(point)
    drive.reach(run, "scale")
    name = house.begin(CLAIM, ["sleep", "600"])
    seen = []

    def meanwhile():
        record = run.records.order_by("pk").last()
        if record and name in json.dumps(record.waiting) and not seen:
            seen.append(record.waiting)
            house.stop(name)

    drive.ends(run, "done", meanwhile=meanwhile)
    assert seen
    fingerprint.same(whole, still(house))


def test_an_object_that_changed_since_the_approval_is_not_touched(house, whole, drive):
    point = drive.point()
    house.spoil()
    before = still(house)
    run = drive.restores(point)
    house.server.patch(
        "Deployment", house.namespace, HOUSE, {"spec": {"template": {"metadata": {"annotations": {"by": "another"}}}}}
    )
    drive.ends(run, "refused")
    assert run.why["code"] == "changed", run.why
    house.serves("home")
    fingerprint.same(before, still(house))
    again = drive.restores(point)
    drive.ends(again, "done")
    fingerprint.same(whole, still(house))


def test_an_object_store_that_cuts_every_connection_is_read_on_from_there(house, whole, drive, slow):
    point = drive.point()
    house.spoil()
    slow.cut_after = 600_000
    run = drive.restores(point)
    drive.ends(run, "done")
    fingerprint.same(whole, still(house))


@pytest.mark.parametrize("how", ["refusing", "cutting"])
def test_an_object_store_that_does_not_give_the_archive(house, whole, drive, slow, how):
    point = drive.point()
    house.spoil()
    before = still(house)
    slow.refusing, slow.cut_after = how == "refusing", 2_000 if how == "cutting" else None
    run = drive.restores(point)
    drive.ends(run, "undone")
    print(run.why)
    fingerprint.same(before, still(house))
    slow.refusing, slow.cut_after = False, None
    again = drive.restores(point)
    drive.ends(again, "done")
    fingerprint.same(whole, still(house))


def test_an_object_store_that_gives_a_kilobyte_a_second_is_waited_for_and_can_be_stopped(house, whole, drive, slow):
    point = drive.point()
    house.spoil()
    before = still(house)
    slow.rate = 1_000
    run = drive.restores(point)
    drive.reach(run, "extract")
    began, stopped = time.monotonic(), []

    def meanwhile():
        if not stopped and time.monotonic() - began > 60:
            stopped.append(slow.passed)
            drive.cancels(run)

    drive.ends(run, "undone", meanwhile=meanwhile)
    assert stopped
    assert stopped[0] > 30_000, "it was still reading"
    fingerprint.same(before, still(house))
    slow.rate = None
    again = drive.restores(point)
    drive.ends(again, "done")
    fingerprint.same(whole, still(house))
