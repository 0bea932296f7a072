"""
Who answers. The same tests hold for the practice range and for a real Kubernetes: `AFTERMATH_CONTRACT` names which.

A provider has a claim that one Deployment of one replica owns and two syncs read (a Deployment and a CronJob of other
claims), and lets time pass. The range is made anew for each test; a Kubernetes is put back as it was.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field

import pytest

from cluster.api import ClaimRef, WorkloadRef
from cluster.live.live import Live
from cluster.live.profile import Profile
from cluster.port import Cluster
from cluster.range import store
from cluster.range.range import Range
from tests.cluster.conftest import HA, HOME, QUICK, SYNCER, until
from tests.cluster.kit import IMAGE
from tests.requirements import required

LABELS = {
    "app.kubernetes.io/managed-by": "aftermath",
    "aftermath.dev/run": "7",
    "aftermath.dev/act": "1",
}


@dataclass
class Place:
    """What a provider offers to the tests."""

    cluster: Cluster
    claim: ClaimRef
    workload: WorkloadRef
    sync: WorkloadRef  # a Deployment that copies the claim away
    cron: WorkloadRef  # a CronJob that copies `cron_claim` away
    cron_claim: ClaimRef
    quiet: ClaimRef  # another claim with files
    store: dict[str, str] = field(default_factory=dict)  # as the agent's spec has it
    lent: dict[str, str] = field(default_factory=dict)  # the credentials of it, for a job's environment

    def until(self, true, what="it", seconds=60.0):
        """Wait for the cluster, and let it go on where nobody else does."""
        tick = getattr(self.cluster, "tick", lambda: None)
        return until(true, tick, what=what, seconds=seconds)

    def sync_of(self, ref):
        claim = self.claim if ref == self.sync else self.cron_claim
        return next(s for s in self.cluster.syncs(claim) if s.workload == ref)


def practice(request):
    directory = request.getfixturevalue("tmp_path") / "range"
    world = Range(directory, pace=QUICK)
    world.seed(small=True)
    with store.serve(directory) as server:
        yield Place(
            world,
            HOME,
            HA,
            SYNCER,
            WorkloadRef("vault", "CronJob", "vault-backup"),
            ClaimRef("vault", "data"),
            ClaimRef("wiki", "pages"),
            {"endpoint": server.endpoint, "region": store.REGION, "bucket": store.BUCKET},
            store.access(directory).environment,
        )
        world.close()


def kubernetes(request):
    world = request.getfixturevalue("kubernetes_world")
    world.settle()
    cluster = Live(world.ground.api, Profile(IMAGE))
    yield Place(
        cluster,
        world.claim,
        world.workload,
        world.sync,
        world.cron,
        world.cron_claim,
        world.quiet,
        world.store,
        world.lent,
    )


PROVIDERS = {"range": practice, "kubernetes": kubernetes}
ASKED = "range,kubernetes" if required("kubernetes") else "range"


@pytest.fixture(params=os.environ.get("AFTERMATH_CONTRACT", ASKED).split(","))
def place(request):
    yield from PROVIDERS[request.param](request)


@pytest.fixture
def cluster(place):
    return place.cluster
