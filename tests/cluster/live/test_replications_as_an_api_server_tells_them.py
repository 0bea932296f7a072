"""VolSync's objects, with the fields that its operator leaves in them, as our values. No cluster is needed."""

from __future__ import annotations

import json

import msgspec
import pytest

from cluster.live import volsync
from cluster.live.volsync import Replication

SOURCE, DESTINATION = volsync.KINDS
MOVER = {
    "repository": "house-restic", "retain": {"daily": 7}, "moverSecurityContext": {"runAsUser": 1000},
    "copyMethod": "Snapshot", "volumeSnapshotClassName": "csi", "cacheCapacity": "2Gi",
}  # fmt: skip
STATUS = {
    "conditions": [{"type": "Synchronizing", "status": "False", "reason": "WaitingForSchedule", "message": "Waiting"}],
    "lastSyncTime": "2026-11-23T04:00:41Z", "lastSyncDuration": "41.2s", "nextSyncTime": "2026-11-23T05:00:00Z",
    "latestMoverStatus": {"result": "Successful", "logs": "processed 310 files"}, "restic": {"lastPruned": None},
}  # fmt: skip


def told(kind, spec, **status):
    meta = {"name": "house", "namespace": "home", "uid": "u", "generation": 3, "managedFields": [{"manager": "flux"}]}
    said = {"apiVersion": "volsync.backube/v1alpha1", "kind": kind, "metadata": meta, "spec": spec, "status": status}
    return list(volsync.those_of(kind, msgspec.json.decode(json.dumps(said), type=Replication)))


def test_a_source_is_a_sync_of_the_claim_it_names():
    trigger = {"schedule": "0 * * * *"}
    (sync,) = told(SOURCE, {"sourcePVC": "config", "trigger": trigger, "restic": MOVER}, **STATUS)
    assert (str(sync), sync.claim, sync.running) == ("ReplicationSource home/house", "config", True)
    assert (sync.container, sync.command) == ("restic", "VolSync restic (Snapshot)")


def test_the_trigger_is_no_mover_though_it_may_come_first():
    for spec in ({"trigger": {"manual": "x"}, "rsyncTLS": {}}, {"rsyncTLS": {}, "trigger": {"manual": "x"}}):
        (sync,) = told(SOURCE, {**spec, "sourcePVC": "config"})
        assert sync.command == "VolSync rsync-tls"


@pytest.mark.parametrize(
    ("mover", "paused", "runs"),
    [("restic", False, True), ("restic", True, False), ("syncthing", True, True), ("external", True, False)],
)
def test_a_paused_one_does_not_run_unless_its_mover_does_not_heed_it(mover, paused, runs):
    (sync,) = told(SOURCE, {"sourcePVC": "config", "paused": paused, mover: {}})
    assert sync.running is runs


def test_a_source_of_a_volume_elsewhere_names_no_claim():
    assert told(SOURCE, {"external": {"provider": "example.com/mirror"}}) == []


@pytest.mark.parametrize("method", ["Direct", "Snapshot", "Clone", None])
def test_a_destination_writes_into_the_claim_it_is_given_whatever_its_method(method):
    mover = {**MOVER, "destinationPVC": "config", "copyMethod": method}
    assert [s.claim for s in told(DESTINATION, {"restic": mover})] == ["config"]


def test_a_destination_that_makes_its_own_claim_is_known_by_it_once_it_is_full():
    mover = {**MOVER, "capacity": "5Gi", "accessModes": ["ReadWriteOnce"]}
    claim = {"kind": "PersistentVolumeClaim", "name": "volsync-house-dest"}
    assert told(DESTINATION, {"restic": mover}) == []
    assert [s.claim for s in told(DESTINATION, {"restic": mover}, latestImage=claim)] == ["volsync-house-dest"]
    snapshot = {"apiGroup": "snapshot.storage.k8s.io", "kind": "VolumeSnapshot", "name": "volsync-house-dest-2026"}
    assert told(DESTINATION, {"restic": mover}, latestImage=snapshot) == []
