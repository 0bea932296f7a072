"""What goes wrong in the middle of a restore: it ends so that a person can read it, and nothing is lost."""

from __future__ import annotations

import pytest

from tests.acceptance import fingerprint
from tests.acceptance.driving import live
from tests.acceptance.proxy import api_proxy, each_once

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def proxy(server, tmp_path, drive, house, monkeypatch):
    monkeypatch.setattr("runbooks.engine.ASK_AGAIN", 0.2)
    with api_proxy(server.access, tmp_path) as proxy:
        drive.cluster = live(str(proxy.kubeconfig), house.image)
        yield proxy


def lost(proxy) -> list[str]:
    return [key for key, fate, _status in proxy.ways.calls if fate == "lose"]


def test_the_answer_to_every_change_is_lost_once_and_nothing_is_done_twice(drive, house, whole, proxy):
    point = drive.point()
    house.spoil()
    proxy.ways.fate = each_once("lose")
    run = drive.restores(point)
    drive.ends(run, "done")
    print(f"{len(lost(proxy))} answers lost")
    assert len(lost(proxy)) > 15
    assert proxy.ways.done_twice() == []
    fingerprint.same(whole, fingerprint.still(house.prints()[""]))


@pytest.mark.matrix
def test_the_answer_to_every_change_is_lost_once_on_the_way_back(drive, house, whole, proxy):
    point = drive.point()
    house.spoil()
    before = fingerprint.still(house.prints()[""])
    run = drive.restores(point)
    drive.ends(run, "done")
    proxy.ways.forget()
    proxy.ways.fate = each_once("lose")
    drive.undoes(run)
    print(f"{len(lost(proxy))} answers lost")
    assert len(lost(proxy)) > 5
    assert proxy.ways.done_twice() == []
    fingerprint.same(before, fingerprint.still(house.prints()[""]))
