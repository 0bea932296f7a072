from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.agent.trees import Worker
from tests.stores import s3, store, wire

__all__ = ["s3", "store", "wire"]


@pytest.fixture(params=["real", "beside"])
def worker(request: pytest.FixtureRequest) -> Iterator[Worker]:
    """The agent at work on an empty directory, as root with the kernel's owners and as somebody with kept ones."""
    if request.param == "real" and os.geteuid() != 0:
        pytest.skip("only root may give files away: run the tests as root")
    worker = Worker(request.param)
    yield worker
    worker.close()


@pytest.fixture
def anybody() -> Iterator[Worker]:
    """As `worker`, as whoever runs the tests, where owners do not matter."""
    worker = Worker("real" if os.geteuid() == 0 else "beside")
    yield worker
    worker.close()
