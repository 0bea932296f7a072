"""The security contexts of a workload's template: as they are, as they were, and set to what they were."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from cluster.api import ClaimRef, Revision, Template, WorkloadRef
from cluster.errors import Conflict, Forbidden, Refused
from cluster.kubernetes import Api
from cluster.live import fsgroup, templates
from cluster.live import revisions as kept
from cluster.live.changing import Operations, Raw, dig, settle, tested
from cluster.live.changing import put as changed
from cluster.live.objects import CORE, below, path_of
from cluster.live.templates import CONTEXT, Security, containers, plain, way


def revisions(api: Api, ref: WorkloadRef) -> tuple[Revision, ...]:
    return kept.of(api, ref)


def template(api: Api, ref: WorkloadRef, claim: ClaimRef) -> Template:
    here = api.get(path_of(ref), dict[str, Any])
    pods = templated(here, ref)
    volume = templates.volume_of(pods, here, claim.name) if claim.namespace == ref.namespace else ""
    return Template(
        containers=tuple(container["name"] for _, container in containers(pods, "containers")),
        mount=templates.mount_of(pods, volume) if volume else "",
        volume=volume,
        security=templates.security(pods),
        fs_group_works=fsgroup.works(api, claim),
    )


def templated(here: Raw, ref: WorkloadRef) -> Mapping[str, Any]:
    return dig(here, *way(ref)) or {}


def put(api: Api, ref: WorkloadRef, was: Security, to: Security, *, dry: bool = False) -> None:
    """
    With `dry` also a pod of the new template is asked for, dry as well: the security standard of a namespace is not
    held against a template, only against its pods.
    """
    answer = settle(api, path_of(ref), setting(ref, plain(was), plain(to)), dry=dry)
    if templates.security(templated(answer, ref)) != plain(to):
        raise Refused(f"A policy of this cluster makes other security contexts of those that {ref} was to get.")
    if dry:
        admitted(api, ref, answer)


def setting(ref: WorkloadRef, was: Security, to: Security) -> Callable[[Raw], Operations]:
    def plan(here: Raw) -> Operations:
        pods = templated(here, ref)
        now = templates.security(pods)
        places = {"": ("spec",)} | {container["name"]: place for place, container in containers(pods)}
        if strange := to.keys() - places.keys():
            raise Refused(f"{ref} has no container {' or '.join(sorted(strange))}.")
        if now == to:
            return []
        if now != was:
            raise Conflict(f"The security contexts of {ref} are not what they were when that was approved.")
        # The generation moves with every change of the spec, so that no container is at another place meanwhile.
        operations = [tested(here, "metadata", "generation")]
        for name, place in places.items():
            if now.get(name) != to.get(name):
                operations += changed(here, (*way(ref), *place, CONTEXT), to.get(name))
        return operations

    return plan


def admitted(api: Api, ref: WorkloadRef, here: Raw) -> None:
    """
    Raises Refused where a pod of this template would be. Who may not ask for one cannot know, and a quota says nothing:
    the pods of now still count.
    """
    try:
        api.create(below(CORE, "pods", ref.namespace), pod(ref, here), dry=True)
    except Forbidden:
        return
    except Refused as e:
        if "exceeded quota" not in str(e):
            raise


def pod(ref: WorkloadRef, here: Raw) -> dict[str, Any]:
    template = templated(here, ref)
    own = [
        {"name": name, "persistentVolumeClaim": {"claimName": f"{name}-{ref.name}-0"}}
        for name in (made["metadata"]["name"] for made in dig(here, "spec", "volumeClaimTemplates") or ())
    ]
    volumes = [*(dig(template, "spec", "volumes") or ()), *own]
    marks = {what: dig(template, "metadata", what) or {} for what in ("labels", "annotations")}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"generateName": f"{ref.name[:40].rstrip('-.')}-am-dry-", **marks},
        "spec": {**dig(template, "spec"), "volumes": volumes},
    }
