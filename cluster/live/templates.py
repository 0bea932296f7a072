"""A pod template, as the API server has it: its containers, their security contexts, and where a claim is mounted."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from cluster.api import WorkloadRef
from cluster.live.changing import Raw, dig

Security = Mapping[str, Mapping[str, Any]]
WAYS: Mapping[str, tuple[str, ...]] = {"CronJob": ("spec", "jobTemplate", "spec", "template"), "Pod": ()}
CONTEXT = "securityContext"


def way(ref: WorkloadRef) -> tuple[str, ...]:
    """The path of the template in a workload's object; a bare Pod is its own."""
    return WAYS.get(ref.kind, ("spec", "template"))


def containers(template: Raw, *kinds: str) -> Iterator[tuple[tuple[str, ...], Mapping[str, Any]]]:
    """Each container with its path below the template."""
    for kind in kinds or ("containers", "initContainers"):
        for n, container in enumerate(dig(template, "spec", kind) or ()):
            yield ("spec", kind, str(n)), container


def security(template: Raw) -> dict[str, dict[str, Any]]:
    """The contexts that say something: the pod's under "", each container's under its name."""
    found = {"": dig(template, "spec", CONTEXT)}
    found |= {container["name"]: container.get(CONTEXT) for _, container in containers(template)}
    return plain(found)


def plain(security: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Without those that say nothing."""
    return {name: dict(context) for name, context in security.items() if context}


def volume_of(template: Raw, here: Raw, claim: str) -> str:
    """What the pods call the claim; empty where they do not have it. A StatefulSet makes a claim for each pod."""
    for volume in dig(template, "spec", "volumes") or ():
        if dig(volume, "persistentVolumeClaim", "claimName") == claim:
            return str(volume["name"])
    for made in dig(here, "spec", "volumeClaimTemplates") or ():
        name = made["metadata"]["name"]
        if re.fullmatch(rf"{re.escape(name)}-{re.escape(here['metadata']['name'])}-\d+", claim):
            return str(name)
    return ""


def mount_of(template: Raw, volume: str) -> str:
    """Where the first container that has the volume has it: the whole of it rather than a part."""
    for _, container in containers(template, "containers"):
        mounts = [m for m in container.get("volumeMounts") or () if m["name"] == volume]
        mounts.sort(key=lambda mount: bool(mount.get("subPath") or mount.get("subPathExpr")))
        if mounts:
            return str(mounts[0]["mountPath"])
    return ""
