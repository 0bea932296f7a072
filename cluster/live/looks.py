"""What is there: one question at a time. `cluster.live.everything` answers all at once, for the sweep."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from cluster.api import Claim, ClaimRef, Event, Pod, Sync, View, Workload, WorkloadRef
from cluster.errors import NotFound, Refused
from cluster.kubernetes import Api
from cluster.live import asking, everything, storage, volsync
from cluster.live.events import sorted_events
from cluster.live.logs import tail
from cluster.live.objects import CORE, EventObject, PodObject, below
from cluster.live.pods import Owners, is_using, one_by_one, pod_value
from cluster.live.storage import claim_at, must_stay
from cluster.live.workloads import LASTING, Made, in_namespace, one

END = r"[a-z0-9]{5}"  # of a generated name
POD_NAMES = {
    "Deployment": rf"-[a-z0-9]+-{END}",
    "StatefulSet": r"-\d+",
    "DaemonSet": rf"-{END}",
    "CronJob": rf"-\d+-{END}",
}


def view(api: Api) -> View:
    return everything.view(api)


def workload(api: Api, ref: WorkloadRef) -> Workload:
    return one(api, ref).value()


def workload_using(api: Api, claim: ClaimRef) -> Workload | None:
    """
    The one whose container works with the files. A CronJob that reads them is no owner where something lasting is; a
    bare pod or a Job never is: nobody can scale it down and up again, so it is a stranger that has to end first.
    """
    must_stay(claim_at(api, claim))
    owning = [w for w in in_namespace(api, claim.namespace) if w.owns(claim.name)]
    lasting = [w for w in owning if w.ref.kind in LASTING] or owning
    if len(lasting) > 1:
        names = " and ".join(str(w.ref) for w in lasting)
        raise Refused(f"{claim} is used by {names}: which of them owns its data?")
    return lasting[0].value() if lasting else None


def pods_using(api: Api, claim: ClaimRef) -> tuple[Pod, ...]:
    claim_at(api, claim)
    path = below(CORE, "pods", claim.namespace)
    found = api.list(path, PodObject).whole("Pod")
    owners = Owners(one_by_one(api))
    seen = ((here, pod_value(here, owners.top(here.metadata))) for here in found if is_using(here))
    using = (replace(pod, onboarding=asking.as_new(here)) for here, pod in seen if claim.name in pod.claims)
    return tuple(sorted(using, key=str))


def pods_of(api: Api, sync: Sync) -> tuple[Pod, ...]:
    if sync.kind in volsync.KINDS:
        return volsync.pods(api, sync.workload)
    using = pods_using(api, ClaimRef(sync.workload.namespace, sync.claim))
    return tuple(pod for pod in using if pod.workload == sync.workload)


def claim(api: Api, ref: ClaimRef) -> Claim:
    return storage.claim(api, ref)


def log(api: Api, pod: Pod, container: str, lines: int) -> tuple[str, ...]:
    """The last lines; none while the container has not begun. Raises NotFound when the pod is another by now."""
    path = below(CORE, "pods", pod.namespace, pod.name)
    here = api.get(path, PodObject)
    names = {c.name for c in (*here.spec.containers, *here.spec.init_containers)}
    if here.metadata.uid != pod.uid or container not in names:
        raise NotFound(f'container "{container}" of pod {pod} not found')
    try:
        return tail(api, pod, container, lines)
    except Refused as e:
        if "waiting to start" in str(e):
            return ()
        raise


def events(api: Api, claim: ClaimRef) -> tuple[Event, ...]:
    """
    Of the claim, of the pods that use it, and of the workloads that mount it with what they made: their pods that are
    gone by now are known by their names. Oldest first.
    """
    claim_at(api, claim)
    names = {("PersistentVolumeClaim", claim.name)}
    names |= {("Pod", pod.name) for pod in pods_using(api, claim)}
    mounting = [w for w in in_namespace(api, claim.namespace) if claim.name in w.value().claims]
    patterns = [re.compile(f"{re.escape(w.ref.name)}{POD_NAMES[w.ref.kind]}") for w in mounting]
    found = api.list(below(CORE, "events", claim.namespace), EventObject).items
    mine = (e for e in found if (subject(e) in names) or concerns(e, mounting, patterns))
    return sorted_events(mine)


def subject(here: EventObject) -> tuple[str, str]:
    return here.involved_object.kind, here.involved_object.name


def concerns(here: EventObject, mounting: Iterable[Made], patterns: Iterable[re.Pattern[str]]) -> bool:
    kind, name = subject(here)
    if kind == "Pod":
        return any(pattern.fullmatch(name) for pattern in patterns)
    if kind in ("ReplicaSet", "Job"):
        return any(re.fullmatch(rf"{re.escape(w.ref.name)}-[a-z0-9]+", name) for w in mounting)
    return any((w.ref.kind, w.ref.name) == (kind, name) for w in mounting)
