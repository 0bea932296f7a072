"""The kinds of GitOps and of autoscalers that a cluster for tests does not have: as much of them as is read here."""

from __future__ import annotations

import contextlib
import fcntl
import tempfile
from contextlib import contextmanager
from pathlib import Path

from cluster.errors import Conflict, NotFound, Unreachable
from tests.cluster.kit import Anything

PATH = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
OURS = "aftermath.dev/for-tests"
LOCK = Path(tempfile.gettempdir()) / "aftermath-kinds-for-tests.lock"
ANY = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
BOOL, TEXT = {"type": "boolean"}, {"type": "string"}


def obj(**properties):
    return {"type": "object", "properties": properties}


def automated(*, knows_enabled=True):
    """A version that does not know `enabled` drops it: what a schema does not name is not kept."""
    words = ("prune", "selfHeal", *(("enabled",) if knows_enabled else ()))
    return obj(spec=obj(syncPolicy=obj(automated=obj(**dict.fromkeys(words, BOOL)))), status=ANY)


ROUTED = obj(
    hosts={"type": "array", "items": TEXT},
    replicas=obj(min={"type": "integer"}, max={"type": "integer"}),
    scaleTargetRef=obj(kind=TEXT, name=TEXT, deployment=TEXT, service=TEXT, port={"type": "integer"}),
)


SCHEMAS = {
    "argoproj.io": ("v1alpha1", "Application", automated()),
    "kustomize.toolkit.fluxcd.io": ("v1", "Kustomization", obj(spec=obj(suspend=BOOL), status=ANY)),
    "helm.toolkit.fluxcd.io": ("v2", "HelmRelease", obj(spec=obj(suspend=BOOL), status=ANY)),
    "keda.sh": ("v1alpha1", "ScaledObject", obj(spec=obj(scaleTargetRef=obj(kind=TEXT, name=TEXT)), status=ANY)),
    "http.keda.sh": ("v1alpha1", "HTTPScaledObject", obj(spec=ROUTED, status=ANY)),
    "autoscaling.k8s.io": ("v1", "VerticalPodAutoscaler", obj(spec=ANY, status=ANY)),
}


def crd(group, schema=None):
    version, kind, usual = SCHEMAS[group]
    many = f"{kind.lower()}s"
    served = {"name": version, "served": True, "storage": True, "schema": {"openAPIV3Schema": schema or usual}}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {
            "name": f"{many}.{group}",
            "labels": {OURS: "true"},
            # The server lets nobody but those who know better make kinds of these two domains.
            "annotations": {"api-approved.kubernetes.io": "unapproved, for tests"},
        },
        "spec": {
            "group": group,
            "scope": "Namespaced",
            "names": {"kind": kind, "plural": many, "singular": kind.lower()},
            "versions": [served],
        },
    }


def path(group, namespace="", name=""):
    version, kind, _ = SCHEMAS[group]
    place = f"/namespaces/{namespace}" if namespace else ""
    return f"/apis/{group}/{version}{place}/{kind.lower()}s{f'/{name}' if name else ''}"


def body(group, name, spec=None, **meta):
    version, kind, _ = SCHEMAS[group]
    return {"apiVersion": f"{group}/{version}", "kind": kind, "metadata": {"name": name, **meta}, "spec": spec or {}}


@contextmanager
def installed(ground):
    """
    Every kind that is not there yet is made. Whoever uses them last takes those away that were made for tests: other
    processes of the same run may use them at the same time.
    """
    with open(LOCK, "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_SH)
        try:
            for group in SCHEMAS:
                ground.until(lambda group=group: served(ground, group), f"the kind of {group}", seconds=30)
            yield
        finally:
            with contextlib.suppress(BlockingIOError):
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                remove(ground)


def served(ground, group):
    """Asked for until it is there: one that is just being deleted cannot be made."""
    with contextlib.suppress(Conflict):
        ground.api.create(PATH, crd(group))
    try:
        here = ground.api.get(f"{PATH}/{crd(group)['metadata']['name']}", Anything)
        return "deletionTimestamp" not in here.metadata and ground.there(path(group))
    except (NotFound, Unreachable):  # its storage is being made ready
        return False


def remove(ground):
    for here in ground.api.list(PATH, Anything, labelSelector=f"{OURS}=true").items:
        ground.api.delete(f"{PATH}/{here.metadata['name']}")


def schema(ground, group, schema):
    """Another schema for a kind, as another version of it has."""
    name = crd(group)["metadata"]["name"]
    where = "/spec/versions/0/schema/openAPIV3Schema"
    ground.api.patch(f"{PATH}/{name}", [{"op": "replace", "path": where, "value": schema}])
