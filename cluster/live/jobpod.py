"""
What a job of ours consists of, as plain values: the Job and its pod, the Secret and the claim beside it.

The pod is root, for it gives files to whom they belong, and as little else as can be: no token, no way to more rights,
nothing of its image may be written to, and only those capabilities that its verb asks for.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from cluster.api import JobSpec
from cluster.live.objects import MANAGED, US
from cluster.live.profile import Profile

CONTAINER = "agent"
STARTED, GAVE_UP = "aftermath.dev/started", "aftermath.dev/gave-up"
SAID = "aftermath.dev/said"  # on a Job whose pod was taken away: how it ended
STORE = "aftermath.dev/store"  # on a pod: whether it has to reach the object store, for network policies
VERB, CLAIM = "aftermath.dev/verb", "aftermath.dev/claim"
OURS = "aftermath.dev/"
DATA, SOURCE, SPEC = "/data", "/source", "/run/aftermath"
FILE = "spec.json"
DAY = 86_400  # seconds; an ended job can be read this long

# To read what belongs to anybody. The claim is mounted so that nothing can be written.
READS = ("DAC_OVERRIDE",)
# An archive's copies of open databases, in a place of its own, are given to whom the databases belong.
COPIES = ("CHOWN", "DAC_OVERRIDE", "FOWNER")
# FSETID: without it the kernel takes the setgid bit off whatever is of a group that the agent is not in.
WRITES = ("CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID")
# SETFCAP: a change of owner takes capabilities off a program; taken back, it has them again.
RESTORES_PROGRAMS = (*WRITES, "SETFCAP")
CAPABILITIES = {"inspect": READS, "archive": COPIES, "unown": RESTORES_PROGRAMS}


def mounts_claim(job: JobSpec) -> bool:
    """
    Whether the claim itself is needed. What only looks at a snapshot leaves the live volume alone, and can be done
    wherever that is attached.
    """
    return not (job.snapshot and job.read_only and job.verb in ("inspect", "archive") and "expect" not in job.spec)


def job_object(profile: Profile, job: JobSpec, beside: str) -> dict[str, Any]:
    """It is made suspended: nothing runs before all is there that it needs, under the name `beside`."""
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": metadata(profile, job, job.name),
        "spec": {
            "suspend": True,
            "backoffLimit": 0,
            "completions": 1,
            "parallelism": 1,
            "activeDeadlineSeconds": job.deadline,
            "ttlSecondsAfterFinished": DAY,
            "template": {
                "metadata": {"labels": labels(profile, job), "annotations": dict(profile.annotations)},
                "spec": pod_spec(profile, job, beside),
            },
        },
    }


def metadata(profile: Profile, job: JobSpec, name: str) -> dict[str, Any]:
    return {
        "name": name,
        "namespace": job.claim.namespace,
        "labels": labels(profile, job),
        "annotations": {**profile.annotations, VERB: job.verb, CLAIM: job.claim.name},
    }


def labels(profile: Profile, job: JobSpec) -> dict[str, str]:
    return {**profile.labels, **job.labels, MANAGED: US, STORE: "yes" if job.lent else "no"}


def pod_spec(profile: Profile, job: JobSpec, beside: str) -> dict[str, Any]:
    spec: dict[str, Any] = {
        "restartPolicy": "Never",
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "terminationGracePeriodSeconds": 30,
        "securityContext": {"runAsUser": 0, "runAsGroup": 0, "seccompProfile": {"type": "RuntimeDefault"}},
        "containers": [container(profile, job, beside)],
        "volumes": volumes(job, beside),
    }
    if profile.pull_secrets:
        spec["imagePullSecrets"] = [{"name": name} for name in profile.pull_secrets]
    if profile.tolerations:
        spec["tolerations"] = [dict(each) for each in profile.tolerations]
    if profile.priority_class:
        spec["priorityClassName"] = profile.priority_class
    return spec


def container(profile: Profile, job: JobSpec, beside: str) -> dict[str, Any]:
    lent = [{"name": name, "valueFrom": {"secretKeyRef": {"name": beside, "key": name}}} for name in sorted(job.lent)]
    return {
        "name": CONTAINER,
        "image": profile.image,
        "imagePullPolicy": "IfNotPresent",
        "command": ["python", "-m", "backups.agent", job.verb, "--spec", f"{SPEC}/{FILE}"],
        "env": [{"name": "PYTHONDONTWRITEBYTECODE", "value": "1"}, *lent],
        "resources": {kind: dict(amounts) for kind, amounts in profile.resources.items()},
        "securityContext": {
            "runAsUser": 0,
            "privileged": False,
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"], "add": list(CAPABILITIES.get(job.verb, WRITES))},
        },
        "terminationMessagePath": "/dev/termination-log",
        "terminationMessagePolicy": "File",
        "volumeMounts": mounts(job),
    }


def mounts(job: JobSpec) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = [
        {"name": "spec", "mountPath": SPEC, "readOnly": True},
        {"name": "tmp", "mountPath": "/tmp"},  # noqa: S108 (its own)
    ]
    if mounts_claim(job):
        found.append({"name": "data", "mountPath": DATA, "readOnly": job.read_only})
    if job.snapshot or job.source:
        found.append({"name": "source", "mountPath": SOURCE, "readOnly": True})
    return found


def volumes(job: JobSpec, beside: str) -> list[dict[str, Any]]:
    item = {"key": FILE, "path": FILE}
    found: list[dict[str, Any]] = [
        {"name": "spec", "secret": {"secretName": beside, "items": [item], "defaultMode": 0o400}},
        {"name": "tmp", "emptyDir": {}},
    ]
    if mounts_claim(job):
        found.append({"name": "data", "persistentVolumeClaim": {"claimName": job.claim.name}})
    if job.snapshot:
        found.append({"name": "source", "persistentVolumeClaim": {"claimName": beside}})
    elif job.source:
        found.append({"name": "source", "persistentVolumeClaim": {"claimName": job.source}})
    return found


def pinned(node: str) -> dict[str, Any]:
    """An affinity for one node, by its name: its labels may say something else."""
    field = {"key": "metadata.name", "operator": "In", "values": [node]}
    terms = {"nodeSelectorTerms": [{"matchFields": [field]}]}
    return {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": terms}}


def owned(profile: Profile, job: JobSpec, beside: str, uid: str) -> dict[str, Any]:
    """The metadata of what goes when the Job goes."""
    owner = {"apiVersion": "batch/v1", "kind": "Job", "name": job.name, "uid": uid}
    return {**metadata(profile, job, beside), "ownerReferences": [owner]}


def secret_object(profile: Profile, job: JobSpec, beside: str, uid: str) -> dict[str, Any]:
    """The agent's spec with its paths, as a file, and what is lent for the environment. Nothing of it is elsewhere."""
    paths = {"data": DATA if mounts_claim(job) else SOURCE}
    if job.snapshot or job.source:
        paths["source"] = SOURCE
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "type": "Opaque",
        "immutable": True,
        "metadata": owned(profile, job, beside, uid),
        "stringData": {FILE: json.dumps({**job.spec, **paths}), **job.lent},
    }


def clone_object(
    profile: Profile, job: JobSpec, beside: str, uid: str, *, like: Mapping[str, Any], size: str
) -> dict[str, Any]:
    """A claim of the snapshot's files: of exactly its size, for some drivers refuse more; else like its claim."""
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": owned(profile, job, beside, uid),
        "spec": {
            **like,
            "volumeMode": "Filesystem",
            "resources": {"requests": {"storage": size}},
            "dataSource": {"apiGroup": "snapshot.storage.k8s.io", "kind": "VolumeSnapshot", "name": job.snapshot},
        },
    }
