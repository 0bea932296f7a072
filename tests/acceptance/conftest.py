"""A real Kubernetes with a CSI driver and an object store, as the environment names them, and the scene on it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.server import Access, Answered, Server
from tests.acceptance.stage import Objects, Stage
from tests.requirements import missing

KEYS = ("S3_ENDPOINT", "S3_ENDPOINT_FROM_PODS", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
CLASSES = {"csi-ext4", "csi-hostpath"}
IMAGE = os.environ.get("AGENT_IMAGE", "aftermath:dev")
MANY = int(os.environ.get("SCENE_FILES", "20000"))


@pytest.fixture(scope="session")
def server() -> Server:
    """The API server, as its administrator."""
    kubeconfig = os.environ.get("KUBECONFIG", "")
    if not kubeconfig or not Path(kubeconfig).exists():
        missing("kubernetes", "There is no Kubernetes: set KUBECONFIG to one that tests may do anything with.")
    try:
        server = Server(Access.of(Path(kubeconfig)))
        there = {
            item["metadata"]["name"] for item in server.ask("GET", "/apis/storage.k8s.io/v1/storageclasses")["items"]
        }
    except (KeyError, OSError, Answered) as e:
        missing("kubernetes", f"The Kubernetes of KUBECONFIG cannot be used: {e!r}")
    if not there >= CLASSES:
        missing("kubernetes", f"The Kubernetes of KUBECONFIG has no storage classes {', '.join(CLASSES - there)}.")
    return server


@pytest.fixture(scope="session")
def store(server: Server) -> Objects:
    if unset := [name for name in KEYS if not os.environ.get(name)]:
        missing("kubernetes", f"There is no object store beside the Kubernetes: set {', '.join(unset)}.")
    return Objects(*(os.environ[name] for name in KEYS))


@pytest.fixture(scope="module")
def stage(server: Server, store: Objects) -> Iterator[Stage]:
    """Whole, with as many small files as the story has."""
    stage = Stage(server, store, IMAGE, MANY)
    try:
        yield stage.build()
    finally:
        stage.clear()
