"""The node's container runtime dies in the middle of a restore, and comes back."""

from __future__ import annotations

import threading

import pytest

from tests.acceptance import fingerprint

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.matrix, pytest.mark.alone]
AWAY = 15.0  # seconds


@pytest.mark.parametrize("code", ["extract", "swap", "scale"])
def test_the_container_runtime_is_restarted_in_the_middle_of_an_act(house, whole, drive, node, code):
    point = drive.point()
    house.spoil()
    before = fingerprint.still(house.prints()[""])
    run = drive.restores(point)
    drive.reach(run, code)
    restarted = threading.Thread(target=node.restart_runtime, args=(AWAY,))
    restarted.start()
    try:
        drive.ends(run, "done", limit=600)
    finally:
        restarted.join()
    fingerprint.same(whole, fingerprint.still(house.prints()[""]))
    drive.undoes(run, limit=600)
    fingerprint.same(before, fingerprint.still(house.prints()[""]))
