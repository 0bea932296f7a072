"""The API server is away, again and again, while a restore is at work."""

from __future__ import annotations

import os
import time

import pytest

from runbooks import engine
from tests.acceptance import fingerprint
from tests.acceptance.driving import live
from tests.acceptance.proxy import api_proxy, each_once

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.matrix]
AWAY = float(os.environ.get("SCENE_AWAY", "120"))  # seconds
AWAY_ON_THE_WAY_BACK = min(AWAY, 25.0)  # longer than any call waits for an answer
HOURS = 2 * 3600.0


def still(house):
    return fingerprint.still(house.prints()[""])


@pytest.fixture
def proxy(server, tmp_path, drive, house):
    with api_proxy(server.access, tmp_path) as proxy:
        drive.cluster = live(str(proxy.kubeconfig), house.image)
        yield proxy


def test_every_change_is_refused_by_the_network_once(drive, house, whole, proxy):
    point = drive.point()
    house.spoil()
    before = still(house)
    proxy.ways.fate = each_once("refuse")
    run = drive.restores(point)
    drive.ends(run, "done")
    assert len([1 for _key, fate, _status in proxy.ways.calls if fate == "refuse"]) > 15
    assert proxy.ways.done_twice() == []
    fingerprint.same(whole, still(house))
    proxy.ways.forget()
    drive.undoes(run)
    assert proxy.ways.done_twice() == []
    fingerprint.same(before, still(house))


def test_the_connection_is_cut_at_each_act(drive, house, whole, proxy, monkeypatch):
    """As soon as an act has been begun, there and back: nothing gets through for a while."""
    point = drive.point()
    house.spoil()
    before = still(house)
    cut: list[tuple[int, bool]] = []
    perform = engine.perform

    def performed(run, position, act, world, *, undo=False):
        if (position, undo) not in cut:
            cut.append((position, undo))
            proxy.ways.cut(AWAY_ON_THE_WAY_BACK if undo else AWAY)
        return perform(run, position, act, world, undo=undo)

    monkeypatch.setattr(engine, "perform", performed)
    run = drive.restores(point)
    began = time.monotonic()
    drive.ends(run, "done", limit=HOURS)
    print(f"{len(cut)} cuts of {AWAY:g} s, done after {time.monotonic() - began:.0f} s")
    assert len(cut) == len(run.plan)
    assert proxy.ways.done_twice() == []
    fingerprint.same(whole, still(house))
    proxy.ways.forget()
    drive.undoes(run, limit=HOURS)
    assert proxy.ways.done_twice() == []
    fingerprint.same(before, still(house))


def test_the_api_server_is_away_in_the_middle_of_an_extraction(drive, house, whole, proxy):
    point = drive.point()
    house.spoil()
    run = drive.restores(point)
    drive.reach(run, "extract")
    proxy.ways.cut(AWAY)
    began = time.monotonic()
    said = []

    def meanwhile():
        record = run.records.order_by("pk").last()
        if record.waiting.get("code") == "no-answer":
            said.append(time.monotonic() - began)

    drive.ends(run, "done", meanwhile=meanwhile, limit=AWAY + 240)
    assert said, "the run says that nobody answers"
    assert max(said) >= AWAY - 5
    fingerprint.same(whole, still(house))
