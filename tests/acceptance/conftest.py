"""A real Kubernetes with a CSI driver and an object store, as the environment names them, and the scene on it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from people.actors import person
from runbooks import tasks
from tests.acceptance import fingerprint
from tests.acceptance.accounts import ORDINARY, Accounts
from tests.acceptance.driving import Drive, live
from tests.acceptance.node import Node
from tests.acceptance.scene.prints import Prints
from tests.acceptance.server import Access, Answered, Server
from tests.acceptance.stage import Objects, Stage
from tests.requirements import missing

KEYS = ("S3_ENDPOINT", "S3_ENDPOINT_FROM_PODS", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
CLASSES = {"csi-ext4", "csi-hostpath"}
IMAGE = os.environ.get("AGENT_IMAGE", "aftermath:dev")
MANY = int(os.environ.get("SCENE_FILES", "20000"))


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "matrix: takes minutes; run by `make test-kubernetes-all`, or by `-m matrix`")
    config.addinivalue_line("markers", "alone: breaks the cluster for everybody who is on it")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """What takes long is only run when its marker is named."""
    if config.option.markexpr:
        return
    left = [item for item in items if item.get_closest_marker("matrix")]
    config.hook.pytest_deselected(items=left)
    items[:] = [item for item in items if item not in left]


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
def accounts(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Accounts]:
    """Those that runs are driven with, by the rights of the manifests and no others."""
    accounts = Accounts(server, tmp_path_factory.mktemp("accounts"))
    try:
        yield accounts.make()
    finally:
        accounts.clear()


@pytest.fixture(scope="session")
def store(server: Server) -> Objects:
    if unset := [name for name in KEYS if not os.environ.get(name)]:
        missing("kubernetes", f"There is no object store beside the Kubernetes: set {', '.join(unset)}.")
    return Objects(*(os.environ[name] for name in KEYS))


@pytest.fixture(scope="session")
def node(server: Server) -> Node:
    """The machine under the cluster, which is this one."""
    directory = Path(os.environ.get("KIT_DIR", ""))
    if not (directory / "csi" / "volumes").is_dir() or os.geteuid() != 0:
        missing(
            "kubernetes", "The node is not this machine (KIT_DIR), or these tests are not root: it cannot be broken."
        )
    return Node(directory)


@pytest.fixture(scope="module")
def stage(server: Server, store: Objects) -> Iterator[Stage]:
    """Whole, with as many small files as the story has."""
    stage = Stage(server, store, IMAGE, MANY)
    try:
        yield stage.build()
    finally:
        stage.clear()


FEW = 300  # small files, where it is not about many


@pytest.fixture(scope="module")
def house(request: pytest.FixtureRequest, server: Server, accounts: Accounts, store: Objects) -> Iterator[Stage]:
    """
    The scene with few files, for runs that are many. It is whole at first, and after each restore. A module's FILES
    says how many there are.
    """
    stage = Stage(server, store, IMAGE, getattr(request.module, "FILES", FEW), every=60)
    try:
        stage.build()
        accounts.opt_in(stage.namespace)
        yield stage
    finally:
        stage.clear()


@pytest.fixture(scope="module")
def whole(house: Stage) -> Prints:
    """What its volume holds, as far as nobody writes to it by itself."""
    return fingerprint.still(house.prints()[""])


@pytest.fixture
def kubernetes(settings: Any, store: Objects) -> None:
    """The settings of a program beside the kit, with little patience, for nothing here needs much."""
    settings.CLUSTER, settings.KUBECONFIG, settings.AGENT_IMAGE = "kubernetes", os.environ["KUBECONFIG"], IMAGE
    settings.S3_ENDPOINT, settings.S3_ENDPOINT_FROM_PODS = store.endpoint, store.from_pods
    settings.STEADY_SECONDS, settings.APART_SECONDS = 2, 1


@pytest.fixture
def again(house: Stage) -> Iterator[None]:
    """A test that came to no good end leaves no run at work, and the application up, for the next one."""
    yield
    house.rights_itself()


@pytest.fixture
def drive(
    house: Stage, again: None, kubernetes: None, accounts: Accounts, alice: Any, monkeypatch: pytest.MonkeyPatch
) -> Drive:
    """An operator in front of the scene, and a worker with the rights of the manifests. No broker hears the knocks."""
    monkeypatch.setattr(tasks.advance, "apply_async", lambda args, **options: None)
    return Drive(house, person(alice), live(str(accounts.kubeconfig(ORDINARY)), IMAGE))
