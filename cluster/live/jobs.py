"""
Jobs: the agent in a pod beside a claim's files.

A Job is made suspended, then what it needs and owns (a Secret, a claim made from a snapshot), and only then it is let
go, by one change that says so. Whoever finds it half made, after a crash or an answer that was lost, makes what is
missing; a Job that was let go once is never let go again. Until then it is not found: nothing has been started.
"""

from __future__ import annotations

import logging
import re
import secrets
from datetime import UTC, datetime

import msgspec

from cluster.api import Job, JobSpec
from cluster.errors import ClusterError, Conflict, Forbidden, NotFound, Refused, Unreachable
from cluster.kubernetes import Api
from cluster.live import admission, jobplace, jobtold
from cluster.live.jobobjects import JobObject, Pod
from cluster.live.jobpod import (
    CLAIM,
    CONTAINER,
    OURS,
    SAID,
    STARTED,
    STORE,
    clone_object,
    job_object,
    pinned,
    secret_object,
)
from cluster.live.objects import BATCH, CORE, MANAGED, US, Meta, Object, below, pointer
from cluster.live.profile import Profile

log = logging.getLogger(__name__)

NAME = re.compile(r"[a-z0-9]([-a-z0-9]{0,52}[a-z0-9])?")  # with what is added it is still a label's value
BESIDE = re.compile(r"-[0-9a-f]{8}")
SAID_MOST = 200_000  # bytes; an object's annotations may be 256 KiB in all


class ClaimBeside(Object):
    class Spec(Object):
        volume_name: str = ""

    metadata: Meta
    spec: Spec


class VolumeBehind(Object):
    class Spec(Object):
        persistent_volume_reclaim_policy: str = ""

    metadata: Meta
    spec: Spec


def start(api: Api, profile: Profile, job: JobSpec, *, dry: bool = False) -> None:
    """Started already is well. `dry` asks the cluster for all of it, and whether it would admit the pod."""
    if not NAME.fullmatch(job.name):
        raise Refused(f"{job.name!r} is no name for a job: lower case letters, digits and '-' only, 54 at most.")
    here = mine(api, job)
    if here is not None and not here.half:
        return
    try:
        place = jobplace.look(api, job, dry=dry)
        if dry:
            admission.ask(api, profile, job, place)
            return
        here = here or made(api, profile, job)
        if here.half:
            complete(api, profile, job, here, place)
    except Unreachable:
        raise
    except ClusterError:
        if here is not None and not dry:
            take_back(api, here)
        raise


def mine(api: Api, job: JobSpec) -> JobObject | None:
    """The Job of this name, None where there is none. Raises Conflict when it is another's."""
    try:
        here = find(api, job.claim.namespace, job.name)
    except NotFound:
        return None
    labels, wanted = here.metadata.labels, {**job.labels, MANAGED: US}
    seen = {k: v for k, v in labels.items() if k in wanted or (k.startswith(OURS) and k != STORE)}
    if seen != wanted or here.metadata.annotations.get(CLAIM) != job.claim.name:
        raise Conflict(f'jobs "{job.name}" already exists, and is another\'s')
    if here.metadata.deletion_timestamp is not None:
        raise Unreachable(f'jobs "{job.name}" is still being deleted: ask again')
    return here


def find(api: Api, namespace: str, name: str) -> JobObject:
    return api.get(below(BATCH, "jobs", namespace, name), JobObject)


def made(api: Api, profile: Profile, job: JobSpec) -> JobObject:
    """
    Made suspended, or found: another worker may be at it too. What lies beside it has a name that no other Job ever
    had, so nobody has to read a Secret to know whose it is.
    """
    body = job_object(profile, job, f"{job.name}-{secrets.token_hex(4)}")
    try:
        raw = api.create(below(BATCH, "jobs", job.claim.namespace), body)
    except Conflict:
        here = mine(api, job)
        if here is None:
            raise
        return here
    return msgspec.json.decode(raw, type=JobObject)


def complete(api: Api, profile: Profile, job: JobSpec, here: JobObject, place: jobplace.Place) -> None:
    """Make what it needs, unless it is there, and let it go."""
    namespace, uid, beside = job.claim.namespace, here.metadata.uid, here.beside
    once(api, below(CORE, "secrets", namespace), secret_object(profile, job, beside, uid))
    if job.snapshot:
        clone = clone_object(profile, job, beside, uid, like=place.like, size=place.size)
        once(api, below(CORE, "persistentvolumeclaims", namespace), clone)
    let_go(api, here, place.node)


def once(api: Api, path: str, body: dict[str, object]) -> None:
    try:
        api.create(path, body)
    except Conflict:
        log.info("%s is there already", path)  # by that name only this Job's


def let_go(api: Api, here: JobObject, node: str) -> None:
    now = datetime.now(UTC).isoformat(timespec="seconds")
    operations: list[dict[str, object]] = [
        {"op": "test", "path": "/spec/suspend", "value": True},
        {"op": "test", "path": "/metadata/uid", "value": here.metadata.uid},
        {"op": "replace", "path": "/spec/suspend", "value": False},
        {"op": "add", "path": pointer("metadata", "annotations", STARTED), "value": now},
    ]
    if node:
        operations.append({"op": "add", "path": "/spec/template/spec/affinity", "value": pinned(node)})
    namespace, name = here.metadata.namespace, here.metadata.name
    try:
        api.patch(below(BATCH, "jobs", namespace, name), operations)
    except Conflict:
        if find(api, namespace, name).half:
            raise


def take_back(api: Api, here: JobObject) -> None:
    """What cannot be completed does not stay, with what is lent lying beside it, unless somebody else lets it go."""
    try:
        now = find(api, here.metadata.namespace, here.metadata.name)
        if now.half and now.metadata.uid == here.metadata.uid:
            path = below(BATCH, "jobs", here.metadata.namespace, here.metadata.name)
            api.delete(path, uid=now.metadata.uid, version=now.metadata.resource_version)
    except ClusterError as e:
        log.warning("The job %s/%s stays, half made: %s", here.metadata.namespace, here.metadata.name, e)


def read(api: Api, namespace: str, name: str) -> Job:
    """
    How it fares. Once it has ended, what was lent to it and its copy of a snapshot are deleted before that is told.
    Raises NotFound for one that was never let go, Conflict for another's.
    """
    here = find(api, namespace, name)
    if not here.ours:
        raise Conflict(f'jobs "{name}" in {namespace} was not made by Aftermath')
    if here.half:
        raise NotFound(f'jobs "{name}" in {namespace} was made but never started')
    job = jobtold.told(api, here)
    if job.state in ("done", "failed"):
        tidy(api, here, job)
    return job


def drop(api: Api, namespace: str, name: str, *, dry: bool = False) -> None:
    """End it and forget it, with all that is its own. Raises Refused for one that is not ours."""
    try:
        here = find(api, namespace, name)
    except NotFound:
        return
    if not here.ours:
        raise Refused(f"The job {name} in {namespace} was not made by Aftermath.")
    if not dry:
        tidy(api, here)
    try:
        api.delete(below(BATCH, "jobs", namespace, name), uid=here.metadata.uid, dry=dry)
    except NotFound:
        return


def tidy(api: Api, here: JobObject, told: Job | None = None) -> None:
    """Delete what lies beside it. Where the account may not, it goes with the Job, a day later."""
    namespace, beside = here.metadata.namespace, here.beside
    if not BESIDE.fullmatch(beside.removeprefix(here.metadata.name)):
        return
    try:
        gone(api, below(CORE, "secrets", namespace, beside))
        if beside in here.claims:
            end_clone(api, here, told)
    except (Forbidden, Refused) as e:
        log.warning("What belongs to the job %s/%s stays with it: %s", namespace, here.metadata.name, e)


def end_clone(api: Api, here: JobObject, told: Job | None) -> None:
    """
    Delete the copy of a snapshot. A claim stays as long as there is a pod that names it, though it is over: so the pod
    goes too, once what it said is kept with the Job.
    """
    namespace = here.metadata.namespace
    path = below(CORE, "persistentvolumeclaims", namespace, here.beside)
    try:
        clone = api.get(path, ClaimBeside)
    except NotFound:
        return
    if here.metadata.uid not in {owner.uid for owner in clone.metadata.owner_references}:
        log.warning("The claim %s is not of the job that names it: it stays", path)
        return
    if told is not None and not kept(api, here, told):
        return
    for_good(api, clone)
    gone(api, path, clone.metadata.uid)
    for pod in jobtold.pods_of(api, here) if told is not None else ():
        gone(api, below(CORE, "pods", namespace, pod.metadata.name), pod.metadata.uid)


def kept(api: Api, here: JobObject, told: Job) -> bool:
    """Keep with the Job how it ended. False where that is too long: its pod stays then, and the copy too."""
    said = msgspec.json.encode(told)
    if len(said) > SAID_MOST:
        return False
    if SAID not in here.metadata.annotations:
        held = {"op": "test", "path": "/metadata/uid", "value": here.metadata.uid}
        operation = {"op": "add", "path": pointer("metadata", "annotations", SAID), "value": said.decode()}
        api.patch(below(BATCH, "jobs", here.metadata.namespace, here.metadata.name), [held, operation])
    return True


def gone(api: Api, path: str, uid: str = "") -> None:
    """Another one of that name, by `uid`, is none of ours: the one meant is gone."""
    try:
        api.delete(path, uid=uid)
    except (NotFound, Conflict):
        return


def for_good(api: Api, clone: ClaimBeside) -> None:
    """A copy of a snapshot whose class retains volumes would stay on the storage for ever: it is told to go."""
    path = below(CORE, "persistentvolumes", name=clone.spec.volume_name)
    try:
        if not clone.spec.volume_name or api.get(path, VolumeBehind).spec.persistent_volume_reclaim_policy == "Delete":
            return
        held = {"op": "test", "path": "/spec/claimRef/uid", "value": clone.metadata.uid}
        api.patch(path, [held, {"op": "replace", "path": "/spec/persistentVolumeReclaimPolicy", "value": "Delete"}])
    except (NotFound, Conflict):
        return
    except Forbidden as e:
        log.warning("The volume of %s will be released and stay on the storage: %s", clone.metadata.name, e)


def entering(api: Api, namespace: str, job: str) -> str:
    """The command by which a person enters its pod. Empty while it does not run."""
    try:
        pod = jobtold.pod_of(api, find(api, namespace, job))
    except NotFound:
        return ""
    return command(namespace, pod) if pod is not None and pod.runs else ""


def command(namespace: str, pod: Pod) -> str:
    return f"kubectl --namespace {namespace} exec --stdin --tty {pod.metadata.name} --container {CONTAINER} -- bash"
