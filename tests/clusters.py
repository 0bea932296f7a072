"""
Which tests need a real Kubernetes. They are marked `kubernetes` here, so that a run can have them alone or not at all:
what is not marked and needs one is skipped aloud, or fails where AFTERMATH_REQUIRE promises one.
"""

from __future__ import annotations

import pytest

WHOLE = (
    "tests/acceptance/",
    "tests/cluster/jobs/",
    "tests/cluster/live/",
    "tests/deploy/test_started_on_a_cluster.py",
)


MARKERS = (
    "kubernetes: needs the Kubernetes of KUBECONFIG, with an object store beside it",
    "matrix: takes minutes; run by `make test-kubernetes-all`, or by `-m matrix`",
    "alone: breaks the cluster for everybody; needs AFTERMATH_ALONE=1 as well",
)


def name_markers(config: pytest.Config) -> None:
    for marker in MARKERS:
        config.addinivalue_line("markers", marker)


def mark(items: list[pytest.Item]) -> None:
    for item in items:
        if needs_one(item):
            item.add_marker("kubernetes")


def needs_one(item: pytest.Item) -> bool:
    """By where it stands, by what its module or it itself asks for, or by the provider that it was given."""
    given = getattr(item, "callspec", None)
    if given is not None and "place" in given.params:
        return bool(given.params["place"] == "kubernetes")
    asks = hasattr(getattr(item, "module", None), "connected")
    return item.nodeid.startswith(WHOLE) or asks or "kubernetes_world" in getattr(item, "fixturenames", ())
