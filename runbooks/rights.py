"""
What an account must be allowed in a cluster, for each thing that a look or an act asks of it. A runbook's `needs` are
made of these; the page of rights and the manifests in `deploy/` are held against them.
"""

from __future__ import annotations

from cluster.api import Right

CORE, APPS, BATCH, STORAGE, SNAPSHOTS = "", "apps", "batch", "storage.k8s.io", "snapshot.storage.k8s.io"
VOLSYNC, REPLICATIONS = "volsync.backube", ("replicationsources", "replicationdestinations")


def rights(verbs: str, group: str, resource: str, sub: str = "", *, namespaced: bool = True) -> tuple[Right, ...]:
    return tuple(Right(verb, group, resource, sub, namespaced) for verb in verbs.split())


WORKLOADS = tuple(
    right
    for group, kinds in (
        (APPS, "deployments statefulsets daemonsets replicasets"),
        (BATCH, "cronjobs jobs"),
        (VOLSYNC, " ".join(REPLICATIONS)),
    )
    for kind in kinds.split()
    for right in rights("get list", group, kind)
)
"""Who uses a claim, whoever made the pods, and what copies it away."""

LOOK = (
    *rights("get", CORE, "persistentvolumeclaims"),
    *rights("get", CORE, "persistentvolumes", namespaced=False),
    *rights("get list", CORE, "pods"),
    *WORKLOADS,
)

ATTACHED = (
    *rights("list", STORAGE, "volumeattachments", namespaced=False),
    *rights("list", CORE, "nodes", namespaced=False),
)
EVENTS = rights("list", CORE, "events")

JOB = (
    *rights("get create patch delete", BATCH, "jobs"),
    *rights("create delete", CORE, "secrets"),
    *rights("list", CORE, "pods"),
    *rights("get", CORE, "pods", "log"),
)
"""The agent beside the files: its job, the secret that lends it the key of one prefix, and what it says."""

CLONE = (*rights("get create delete", CORE, "persistentvolumeclaims"), *rights("delete", CORE, "pods"))
"""A job that reads a snapshot has it as a claim of its own, which stays as long as there is a pod that names it."""

MOVERS = tuple(right for kind in REPLICATIONS for right in rights("patch", VOLSYNC, kind))
"""Pause what VolSync does: it may be there or not, and is asked for in any case."""

SCALE = tuple(right for kind in ("deployments", "statefulsets") for right in rights("get patch", APPS, kind, "scale"))
SYNC = (
    *SCALE,
    *rights("patch", BATCH, "cronjobs"),
    *rights("patch delete", BATCH, "jobs"),
    *rights("patch", APPS, "daemonsets"),
    *MOVERS,
)
"""A CronJob that is suspended leaves the jobs running that it began: they are ended. VolSync's are let have no pods."""

SNAPSHOT = (
    *rights("get list create", SNAPSHOTS, "volumesnapshots"),
    *rights("get list", SNAPSHOTS, "volumesnapshotcontents", namespaced=False),
    *rights("list", SNAPSHOTS, "volumesnapshotclasses", namespaced=False),
)
KEEP = rights("patch", SNAPSHOTS, "volumesnapshotcontents", namespaced=False)
"""Only where no class of snapshots keeps them."""

DROP_SNAPSHOT = (
    *rights("get delete", SNAPSHOTS, "volumesnapshots"),
    *rights("get patch", SNAPSHOTS, "volumesnapshotcontents", namespaced=False),
)
"""One that is kept is told first no longer to be: else its data would stay on the storage for ever."""


KEEPERS = (
    *rights("list", "autoscaling", "horizontalpodautoscalers"),
    *rights("list", "policy", "poddisruptionbudgets"),
    *rights("list", "autoscaling.k8s.io", "verticalpodautoscalers"),
    *rights("list", "keda.sh", "scaledobjects"),
    *rights("list", "http.keda.sh", "httpscaledobjects"),
    *rights("get list", "argoproj.io", "applications"),
    *rights("get", "kustomize.toolkit.fluxcd.io", "kustomizations"),
    *rights("get", "helm.toolkit.fluxcd.io", "helmreleases"),
)
PAUSE = (
    *(right for kind in ("deployments", "statefulsets", "daemonsets") for right in rights("patch", APPS, kind)),
    *rights("patch", BATCH, "cronjobs"),
    *MOVERS,
    *rights("get patch", "argoproj.io", "applications"),
    *rights("get patch", "helm.toolkit.fluxcd.io", "helmreleases"),
    *rights("get patch", "keda.sh", "scaledobjects"),
)
"""Flux is told by an annotation of the workload, Argo CD and KEDA by their own object."""

REVISIONS = (*rights("list", APPS, "replicasets"), *rights("list", APPS, "controllerrevisions"))
SECURITY = tuple(r for kind in ("deployments", "statefulsets", "daemonsets") for r in rights("get patch", APPS, kind))
"""A change of a pod template can run any image: it is the right to run code there."""

ROOM = (*rights("list", CORE, "nodes", namespaced=False), *rights("list", CORE, "pods", namespaced=False))
RELEASED = rights("get list", CORE, "persistentvolumes", namespaced=False)
REBIND = (
    *rights("get patch", CORE, "persistentvolumes", namespaced=False),
    *rights("get create delete", CORE, "persistentvolumeclaims"),
)


def needed(*parts: tuple[Right, ...]) -> tuple[Right, ...]:
    """All of them, each once, sorted."""
    return tuple(sorted({right for part in parts for right in part}))
