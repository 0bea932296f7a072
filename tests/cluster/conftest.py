"""A small practice world of one's own; and one on a real Kubernetes, which all tests of a process share."""

from __future__ import annotations

import os
import time

import pytest

from cluster.api import ClaimRef, WorkloadRef
from cluster.range import store
from cluster.range.ground import Pace
from cluster.range.range import Range
from tests.cluster.kit import World, connected

QUICK = Pace(gone=0.1, start=0.05, detach=0.2, backoff=(0.05,))
HOME = ClaimRef("home", "home-assistant-config")
HA = WorkloadRef("home", "Deployment", "home-assistant")
SYNCER = WorkloadRef("home", "Deployment", "config-syncer")


def until(true, tick=lambda: None, *, what="it", seconds=20.0):
    """Let the cluster go on until `true()` is; returns that value."""
    end = time.monotonic() + seconds
    while not (value := true()):
        assert time.monotonic() < end, f"{what} did not happen in {seconds:g} seconds"
        tick()
        time.sleep(0.01)
    return value


@pytest.fixture
def range_(tmp_path):
    world = Range(tmp_path / "range", pace=QUICK)
    world.seed(small=True)
    yield world
    world.close()


@pytest.fixture
def served(range_):
    """The same, with its S3 server."""
    with store.serve(range_.directory):
        yield range_
        range_.close()


def pod_of(world, ref=HA):
    """The one pod of a workload, as last reported; None while there is not exactly one."""
    pods = [p for p in world.view().pods if p.workload == ref and not p.deleting]
    return pods[0] if len(pods) == 1 else None


@pytest.fixture(scope="session")
def kubernetes_world():
    """Made once: its tests leave it as they found it, or it is put back before the next one."""
    world = World.made(connected(), f"am-contract-{os.getpid()}")
    yield world
    world.ground.end()
