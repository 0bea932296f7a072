from __future__ import annotations

import os
import signal
import time

import pytest

from cluster.range import errands, syncs
from tests.cluster.conftest import HOME, SYNCER, until

MIRROR = "store/practice/mirror/home-assistant"


@pytest.fixture
def mirror(served):
    """What the sync has in the store, by name, once it has run."""

    def names():
        root = served.directory / MIRROR
        return {str(p.relative_to(root)) for p in root.rglob("*") if p.is_file()}

    until(lambda: ".storage/auth" in names() and sync_object(served).sync.due, served.tick, what="a first sync")
    return names


def folder(world):
    return syncs.folder(world.ground, sync_object(world))


def busy(world):
    return errands.alive(folder(world))


def go_on(world, seconds=1.5):
    """Let time pass in which something could happen that must not."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        world.tick()
        time.sleep(0.02)


def sync_object(world):
    return world.ground.objects.read().workloads["home/Deployment/config-syncer"]


def due(world):
    with world.ground.objects.change() as state:
        state.workloads["home/Deployment/config-syncer"].sync.due = None


def sync_of(world):
    return world.syncs(HOME)[0]


def test_every_file_is_copied_but_what_runs_keep_beside_them(served, mirror):
    data = served.ground.volumes.data(HOME)
    (data / ".aftermath" / "5").mkdir(parents=True)
    (data / ".aftermath" / "5" / "kept").write_text("x")
    (data / "new.yaml").write_text("new: true")
    due(served)
    until(lambda: "new.yaml" in mirror(), served.tick, what="the next sync")
    until(lambda: not busy(served), served.tick)
    there = {str(p.relative_to(data)) for p in data.rglob("*") if p.is_file() and ".aftermath" not in p.parts}
    assert mirror() == there


def test_wiped_by_its_own_sync_the_mirror_has_lost_the_accounts(served, mirror):
    served.break_("wiped-by-sync")
    until(lambda: ".storage/auth" not in mirror(), served.tick, what="the wipe")


def test_an_emptied_volumes_mirror_has_a_respite_and_then_is_wiped_too(served, mirror):
    before = mirror()
    due(served)
    until(lambda: busy(served), served.tick, what="a sync that the break interrupts")
    os.kill(int((folder(served) / "pid").read_text()), signal.SIGSTOP)
    served.break_("emptied")
    go_on(served)
    assert mirror() == before
    assert (sync_object(served).sync.due - served.ground.clock()).total_seconds() > 50
    due(served)
    until(lambda: ".storage/auth" not in mirror(), served.tick, what="the wipe")


def test_suspended_in_time_the_mirror_keeps_everything(served, mirror):
    before = mirror()
    served.suspend(sync_of(served))
    served.break_("emptied")
    due(served)
    go_on(served)
    assert mirror() == before


def test_when_its_pod_is_gone_its_program_is_too(served, mirror):
    due(served)
    until(lambda: busy(served), served.tick, what="a sync")
    os.kill(int((folder(served) / "pid").read_text()), signal.SIGSTOP)  # it will not end by itself
    served.suspend(sync_of(served))
    until(lambda: not [p for p in served.pods_using(HOME) if p.workload == SYNCER], served.tick, what="the end")
    assert not busy(served)


def test_a_pod_is_not_gone_while_a_program_of_it_lives_that_another_process_started(range_):
    range_.suspend(sync_of(range_))
    with errands.place(folder(range_)):
        go_on(range_, 0.5)
        assert [p.deleting for p in range_.pods_using(HOME) if p.workload == SYNCER] == [True]
    until(lambda: not [p for p in range_.pods_using(HOME) if p.workload == SYNCER], range_.tick, what="the end")


def test_a_store_that_does_not_answer_is_told_in_the_log_and_asked_again(range_):
    range_.tick()
    pod = next(p for p in range_.pods_using(HOME) if p.workload == SYNCER)
    assert "the store does not answer" in range_.log(pod, "rclone")[-1]
    assert pod.ready


def test_the_job_of_the_cronjob_has_a_pod_while_it_copies(served):
    vault = next(c.ref for c in served.view().claims if c.ref.namespace == "vault")
    cron = served.syncs(vault)[0].workload
    until(lambda: [p for p in served.pods_using(vault) if p.workload == cron], served.tick, what="its pod")
    until(lambda: not [p for p in served.pods_using(vault) if p.workload == cron], served.tick, what="its end")
    assert (served.directory / "store/practice/mirror/vault/rsa_key.pem").is_file()


def test_the_command_that_is_shown_is_the_one_that_runs(served):
    shown = sync_of(served).command
    really = syncs.command(sync_object(served).sync, served.ground.volumes.data(HOME))
    assert really[1] == "sync"
    assert all(flag.strip("'") in shown for flag in really[4:] if flag.startswith("--") and "exclude" in flag)
    assert "sleep" in shown
