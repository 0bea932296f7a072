"""What goes wrong in the middle of a restore: it ends so that a person can read it, and nothing is lost."""

from __future__ import annotations

import pytest

from tests.acceptance import fingerprint
from tests.acceptance.driving import live
from tests.acceptance.proxy import api_proxy, each_once

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_restore_on_a_real_cluster(drive, house, whole):
    point = drive.point()
    house.spoil()
    run = drive.restores(point)
    drive.ends(run, "done")
    fingerprint.same(whole, fingerprint.still(house.prints()[""]))


def test_the_answer_to_every_change_is_lost_once_and_nothing_is_done_twice(
    drive, house, whole, server, tmp_path, monkeypatch
):
    point = drive.point()
    house.spoil()
    before = fingerprint.still(house.prints()[""])
    monkeypatch.setattr("runbooks.engine.ASK_AGAIN", 0.2)
    with api_proxy(server.access, tmp_path) as proxy:
        drive.cluster = live(str(proxy.kubeconfig), house.image)
        proxy.ways.fate = each_once("lose")
        run = drive.restores(point)
        drive.ends(run, "done")
        lost = [key for key, fate, _status in proxy.ways.calls if fate == "lose"]
        print(f"{len(lost)} answers lost on the way there")
        assert len(lost) > 15
        assert proxy.ways.done_twice() == []
        fingerprint.same(whole, fingerprint.still(house.prints()[""]))

        proxy.ways.forget()
        proxy.ways.fate = each_once("lose")
        drive.undoes(run)
        lost = [key for key, fate, _status in proxy.ways.calls if fate == "lose"]
        print(f"{len(lost)} answers lost on the way back")
        assert len(lost) > 5
        assert proxy.ways.done_twice() == []
        fingerprint.same(before, fingerprint.still(house.prints()[""]))
