"""
Whether the cluster would take a job, asked without making anything.

A dry run of a Job says nothing of its pod: Pod Security and quotas meet that only when the Job's controller makes it.
So the pod is asked for too; where the account may make no pods, what the namespace says of itself is read.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from cluster.api import JobSpec
from cluster.errors import Forbidden, NotFound, Refused
from cluster.kubernetes import Api
from cluster.live.jobplace import Place
from cluster.live.jobpod import clone_object, job_object, metadata, secret_object
from cluster.live.objects import BATCH, CORE, Meta, Object, below
from cluster.live.profile import Profile
from cluster.live.quantity import quantity

NOBODY = "00000000-0000-0000-0000-000000000000"
ENFORCE = "pod-security.kubernetes.io/enforce"


class Namespace(Object):
    metadata: Meta


class Amounts(Object):
    hard: dict[str, str] = {}
    used: dict[str, str] = {}


class Scope(Object):
    scopes: list[str] = []
    scope_selector: dict[str, object] | None = None


class Quota(Object):
    metadata: Meta
    spec: Scope
    status: Amounts | None = None


def ask(api: Api, profile: Profile, job: JobSpec, place: Place) -> None:
    """Raises Refused in the cluster's words, or in ours where only the namespace could be read."""
    namespace, beside = job.claim.namespace, f"{job.name}-{'0' * 8}"
    body = job_object(profile, job, beside)
    api.create(below(BATCH, "jobs", namespace), body, dry=True)
    api.create(below(CORE, "secrets", namespace), secret_object(profile, job, beside, NOBODY), dry=True)
    if job.snapshot:
        clone = clone_object(profile, job, beside, NOBODY, like=place.like, size=place.size)
        api.create(below(CORE, "persistentvolumeclaims", namespace), clone, dry=True)
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {**metadata(profile, job, beside), **body["spec"]["template"]["metadata"]},
        "spec": body["spec"]["template"]["spec"],
    }
    try:
        api.create(below(CORE, "pods", namespace), pod, dry=True)
    except Forbidden:
        level(api, namespace)
        room(api, namespace, profile)


def level(api: Api, namespace: str) -> None:
    """Raises Refused where the namespace's Pod Security would not admit a pod that is root."""
    try:
        labels = api.get(below(CORE, "namespaces", name=namespace), Namespace).metadata.labels
    except (Forbidden, NotFound):
        return  # the pod itself will tell
    if labels.get(ENFORCE) == "restricted":
        raise Refused(
            f'The namespace {namespace} admits only pods of the Pod Security level "restricted". A job beside the '
            "files must be root, to read and to give back what belongs to others, and would not be admitted: "
            "it needs the level baseline."
        )


def room(api: Api, namespace: str, profile: Profile) -> None:
    """Raises Refused where a quota of the namespace has no room for the pod."""
    try:
        quotas = api.list(below(CORE, "resourcequotas", namespace), Quota).items
    except Forbidden:
        return
    for quota in quotas:
        if quota.status is None or quota.spec.scopes or quota.spec.scope_selector:
            continue  # it is for some pods only
        for what, asked in wanted(profile):
            hard, used = quota.status.hard.get(what), quota.status.used.get(what, "0")
            if hard is not None and (asked is None or quantity(used) + asked > quantity(hard)):
                raise Refused(
                    f"The quota {quota.metadata.name} of {namespace} has no room for the job's pod: of {hard} {what} "
                    f"{used} are used, and the pod asks for {'an unsaid amount' if asked is None else f'{asked:f}'}."
                )


def wanted(profile: Profile) -> Iterator[tuple[str, Decimal | None]]:
    """What the pod takes of each thing that a quota may count; None where it must say and does not."""
    yield from (("pods", Decimal(1)), ("count/pods", Decimal(1)))
    for kind in ("requests", "limits"):
        for resource in ("cpu", "memory"):
            said = profile.resources.get(kind, {}).get(resource) or (
                profile.resources.get("limits", {}).get(resource) if kind == "requests" else None
            )
            amount = None if said is None else quantity(said)
            yield f"{kind}.{resource}", amount
            if kind == "requests":
                yield resource, amount
