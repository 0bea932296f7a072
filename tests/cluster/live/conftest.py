"""A namespace of a real Kubernetes for the tests of a file, and this program's look at it."""

from __future__ import annotations

import os

import pytest

from cluster.live.live import Live
from cluster.live.profile import Profile
from tests.cluster.kit import IMAGE, Ground, connected


@pytest.fixture(scope="module")
def ground(request):
    word = request.module.__name__.rpartition(".test_")[2].replace("_", "-")[:30].strip("-")
    here = Ground.made(connected(), f"am-live-{word}-{os.getpid()}")
    yield here
    here.end()


@pytest.fixture
def cluster(ground):
    return Live(ground.api, Profile(IMAGE))
