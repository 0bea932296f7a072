"""Somebody gets the application back with nothing but the pages: the scene that all of this is for."""

from __future__ import annotations

import os

import pytest

from tests.acceptance import pages
from tests.browser import looking, program
from tests.browser.conftest import CHOSEN, browser

__all__ = ["browser"]
STEADY = os.environ.get("SCENE_STEADY", "5")  # seconds that pods must stay ready; the program's own is 60


@pytest.fixture(scope="module")
def aftermath(browser, tmp_path_factory, stage, store):
    """The whole program beside the cluster, as `make run` starts it."""
    environment = {
        "CLUSTER": "kubernetes",
        "KUBECONFIG": os.environ["KUBECONFIG"],
        "AGENT_IMAGE": stage.image,
        "S3_ENDPOINT": store.endpoint,
        "S3_ENDPOINT_FROM_PODS": store.from_pods,
        "STEADY_SECONDS": STEADY,
        "SWEEP_SECONDS": "3",
    }
    with program.running(tmp_path_factory.mktemp("beside-kubernetes"), **environment) as running:
        with looking.person(browser, running.address) as (page, _watch):
            looking.sign_in(page, running.name, running.one_time, then=CHOSEN)
        yield running


@pytest.fixture(scope="module")
def person(browser, aftermath, stage):
    with looking.person(browser, aftermath.address) as (page, _watch):
        looking.sign_in(page, aftermath.name, CHOSEN)
        state = dict(page.context.storage_state())
    with pages.responder(browser, aftermath, state, stage) as person:
        yield person


@pytest.fixture(scope="module")
def volume(person):
    """The address of the volume's page: registered, archived and kept as a snapshot while all was well."""
    address = person.registers()
    person.does("archive-volume", volume=person.name)
    person.does("snapshot-volume", volume=person.name)
    return address
