"""What the account of this program may do, asked of the API server itself; and what the cluster cannot do at all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import msgspec

from cluster.api import Right
from cluster.errors import Forbidden, NotFound, Unreachable
from cluster.kubernetes import Api, decoded
from cluster.live import groups
from cluster.live.objects import Bare, Object

REVIEWS = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
SNAPSHOTS = "snapshot.storage.k8s.io"
AT_ONCE = 4


class Answer(Object):
    allowed: bool = False


class Review(Object):
    status: Answer = msgspec.field(default_factory=Answer)


def allowed(api: Api, namespace: str, rights: Sequence[Right]) -> Mapping[Right, bool]:
    """Each right is asked for once, however often it is named. One that is not of a namespace holds in all."""
    asked = list(dict.fromkeys(rights))
    with ThreadPoolExecutor(AT_ONCE, "rights") as pool:
        answers = pool.map(lambda right: ask(api, namespace, right), asked)
        return dict(zip(asked, answers, strict=True))


def ask(api: Api, namespace: str, right: Right) -> bool:
    """It changes nothing, so it may be asked again when the answer was lost."""
    try:
        answer = api.create(REVIEWS, review(namespace, right))
    except Unreachable:
        answer = api.create(REVIEWS, review(namespace, right))
    return decoded(answer, Review).status.allowed


def review(namespace: str, right: Right) -> dict[str, Any]:
    attributes = {"verb": right.verb, "group": right.group, "resource": right.resource}
    attributes |= {"subresource": right.subresource} if right.subresource else {}
    attributes |= {"namespace": namespace} if right.namespaced else {}
    return {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectAccessReview",
        "spec": {"resourceAttributes": attributes},
    }


def lacks(api: Api) -> Mapping[str, str]:
    base = groups.served(api).get(SNAPSHOTS)
    if base is None:
        return {"snapshots": f"The cluster has no {SNAPSHOTS} API."}
    try:
        classes = api.list(f"{base}/volumesnapshotclasses", Bare).items
    except (NotFound, Forbidden) as e:
        return {"snapshots": str(e)}
    return {} if classes else {"snapshots": "The cluster has no VolumeSnapshotClass."}
