"""The practice cluster is broken in each of its ways; the findings come, and go when it is mended."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from backups import scanning
from backups.models import Source, Volume
from backups.points import look
from backups.storage import Credentials, Store
from cluster.range.range import Range
from cluster.range.sample.home_assistant import HOME_ASSISTANT as APP
from cluster.range.store import REGION, serve
from health.models import Finding, Reading
from health.sweep import sweep

APPLICATION = f"workload:{APP.namespace}/Deployment/{APP.name}"
VOLUME = f"volume:{APP.claim_ref}"


@dataclass
class World:
    """The range with its own clock, and whoever looks at it."""

    directory: Path
    ahead: timedelta = timedelta()
    range: Range = field(init=False)

    def __post_init__(self) -> None:
        self.range = Range(self.directory, at_once=True, clock=self.clock)
        self.range.seed()
        access = self.range.store
        self.store = Store(access.endpoint, REGION, "practice", Credentials(access.key, access.secret))

    def clock(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    def go_on(self, times: int = 1) -> None:
        """Three seconds pass; the cluster does what it does, and is looked at."""
        for _ in range(times):
            self.ahead += timedelta(seconds=3)
            self.range.tick()
            for source in Source.objects.select_related("volume"):
                seen = look(scanning.asked(source), lambda bucket: self.store, lambda: self.range)
                scanning.write(source, seen, self.clock())
            sweep(lambda: self.range, self.clock)

    def open(self) -> set[tuple[str, str]]:
        return set(Finding.objects.filter(state="open").values_list("check_name", "subject"))

    def until(self, wanted: set[tuple[str, str]], most: int = 15) -> None:
        """Go on until exactly these are open."""
        for _ in range(most):
            if self.open() == wanted:
                return
            self.go_on()
        assert self.open() == wanted


@pytest.fixture
def world(tmp_path, db, settings):
    settings.CLUSTER = "range"
    with serve(tmp_path):
        made = World(tmp_path)
        yield made
        made.range.close()


@pytest.fixture
def copied(world):
    """A volume of ours with its mirror, seen whole a few times."""
    about = {"uid": APP.uid, "gid": APP.gid, "sentinels": list(APP.sentinels)}
    volume = Volume.objects.create(namespace=APP.namespace, claim=APP.claim, **about)
    mirror = Source.objects.create(volume=volume, kind="mirror", bucket="practice", prefix="mirror/home-assistant")
    world.go_on(4)
    assert world.open() == set()
    assert mirror.scans.first().count > 40
    return mirror


def test_files_of_the_wrong_owner(world, copied):
    world.range.break_("wrong-owner")
    world.until({("crash-loop", APPLICATION), ("permission-denied", APPLICATION)}, most=6)
    told = Finding.objects.get(check_name="permission-denied")
    assert "denied" in told.facts["line"].lower()
    assert (told.runbook, told.params) == ("fix-permissions", {"volume": copied.volume_id})
    world.range.mend()
    world.until(set())
    assert Finding.objects.get(check_name="permission-denied").state == "resolved"


def test_an_emptied_volume(world, copied):
    world.range.break_("emptied")
    world.until({("volume-reset", VOLUME)}, most=6)
    told = Finding.objects.get(check_name="volume-reset")
    assert told.facts["code"] == "onboarding"
    assert (told.runbook, told.params) == ("restore-volume", {"volume": copied.volume_id})
    world.range.mend()
    world.until(set())


def test_a_mirror_wiped_by_its_own_sync(world, copied):
    source = f"{VOLUME}#{copied.pk}"
    world.range.break_("wiped-by-sync")
    world.until({("volume-reset", VOLUME), ("backup-emptied", source), ("sentinel-missing", source)}, most=10)
    world.go_on(6)  # the sync goes on, with what the application wrote when it started as new
    assert ("backup-emptied", source) in world.open()
    assert ("sentinel-missing", source) in world.open()
    world.range.mend()
    world.until(set(), most=25)


def test_a_store_that_does_not_answer_is_unknown_and_ends_nothing(world, copied):
    world.range.break_("wiped-by-sync")
    source = f"{VOLUME}#{copied.pk}"
    world.until({("volume-reset", VOLUME), ("backup-emptied", source), ("sentinel-missing", source)}, most=10)
    world.store = Store("http://127.0.0.1:9", REGION, "practice", Credentials("k", "s"))
    world.range.mend()
    for _ in range(4):
        world.ahead += timedelta(seconds=3)
        world.range.tick()
        seen = look(scanning.asked(copied), lambda bucket: world.store, lambda: world.range)
        assert not seen.complete
        assert seen.error
        scanning.write(copied, seen, world.clock())
        sweep(lambda: world.range, world.clock)
    assert {("backup-emptied", source), ("sentinel-missing", source)} <= world.open()
    assert Finding.objects.get(check_name="backup-emptied").doubt["code"] == "incomplete"
    unknown = Reading.objects.get(what="checks").told["unknown"]
    assert {(each["check"], each["subject"]) for each in unknown} >= {("backup-emptied", source)}


def test_what_a_sweep_keeps_for_the_pages(world, copied):
    reading = Reading.objects.get(what="cluster")
    assert reading.error == ""
    assert reading.told["counts"]["claims"] == 4
    claims = Reading.objects.get(what="claims").told["claims"]
    assert APP.claim in {each["name"] for each in claims}
    assert Reading.objects.get(what="used").told
