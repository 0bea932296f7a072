"""
The lasting form of what a runbook mends by hand: a patch to commit where the workload is declared, as YAML text that
kustomize and `kubectl patch --type strategic` take. Pure.

A patch that only a cluster has is gone with the next deployment.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from typing import Any

from cluster.api import Sync, Template, WorkloadRef

APPS = ("Deployment", "StatefulSet", "DaemonSet")
BOX = "busybox"
IMAGE = f"docker.io/library/{BOX}:1.37.0"
NAME = "fix-perms"


def pinned(images: Mapping[str, str]) -> str:
    """
    The image of the init container by its digest, where one of its name runs already, of the same version if there is
    one; else by its tag. `images` are by the name that pods give them.
    """
    mine = [name for name in sorted(images) if name.partition("@")[0].rpartition("/")[2].partition(":")[0] == BOX]
    same = [name for name in mine if name.partition("@")[0].endswith(IMAGE.rpartition("/")[2])]
    return images[(same or mine)[-1]] if mine else IMAGE


def ownership(workload: WorkloadRef, template: Template, uid: int, gid: int, image: str = IMAGE) -> str:
    """
    The files of the claim belong to uid:gid from the next start on: by `fsGroup` where the volume's driver pays
    attention to it, else by an init container. Empty for a workload whose pods have no template of this sort.
    """
    if workload.kind not in APPS or not template.volume:
        return ""
    if template.fs_group_works:
        context = {"fsGroup": gid, "fsGroupChangePolicy": "OnRootMismatch"}
        why = [
            f"Files of {workload} belong to group {gid}.",
            "OnRootMismatch mends nothing when only what is below the root is wrong: mend that once by hand.",
        ]
        return patch(workload, {"securityContext": context}, why)
    why = [
        f"Files of {workload} belong to {uid}:{gid}. It ends at once when the root of the volume does:",
        "the root is given away last, so one that was stopped half-way begins again.",
        f"Its image runs in {workload.namespace} already." if "@" in image else "Pin the image by its digest.",
    ]
    return patch(workload, {"initContainers": [init_container(template, uid, gid, image)]}, why)


def init_container(template: Template, uid: int, gid: int, image: str) -> dict[str, Any]:
    mount = template.mount or "/data"
    return {
        "name": NAME,
        "image": image,
        "command": ["sh", "-ec", script(mount, uid, gid)],
        "securityContext": {
            "runAsUser": 0,
            "runAsNonRoot": False,
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"], "add": ["CHOWN", "DAC_OVERRIDE", "FOWNER"]},
        },
        "volumeMounts": [{"name": template.volume, "mountPath": mount}],
    }


def script(mount: str, uid: int, gid: int) -> str:
    """By number and never through a link; what runs keep beside the data, and `lost+found`, stay whose they are."""
    root = shlex.quote(mount.rstrip("/") or "/")
    ours = f"-path {root}/lost+found -o -path {root}/.aftermath"
    return (
        f'[ "$(stat -c %u:%g {root})" = {uid}:{gid} ] && exit 0\n'
        f"find {root} -xdev -mindepth 1 \\( {ours} \\) -prune -o"
        f" \\( ! -user {uid} -o ! -group {gid} \\) -exec chown -h {uid}:{gid} {{}} +\n"
        f"chown {uid}:{gid} {root}\n"
    )


def security(workload: WorkloadRef, to: Mapping[str, Mapping[str, Any]], was: Mapping[str, Mapping[str, Any]]) -> str:
    """The security contexts of another revision; what they no longer have is taken out by a null."""
    if workload.kind not in APPS:
        return ""
    pod: dict[str, Any] = {}
    if (context := changes(was.get("", {}), to.get("", {}))) != {}:
        pod["securityContext"] = context
    names = sorted({*was, *to} - {""})
    changed = [(name, changes(was.get(name, {}), to.get(name, {}))) for name in names]
    if containers := [{"name": name, "securityContext": context} for name, context in changed if context]:
        pod["containers"] = containers
    why = [f"The security context that {workload} ran well with."]
    return patch(workload, pod, why) if pod else ""


def stopped(sync: Sync) -> str:
    """A sync that stays stopped: without a replica, or suspended."""
    workload = sync.workload
    why = [f"The sync {sync} is stopped."]
    if workload.kind == "CronJob":
        return document(workload, "batch/v1", {"suspend": True}, why)
    if workload.kind in ("ReplicationSource", "ReplicationDestination"):
        return document(workload, "volsync.backube/v1alpha1", {"paused": True}, why)
    return document(workload, "apps/v1", {"replicas": 0}, why) if workload.kind in APPS[:2] else ""


def changes(was: Mapping[str, Any], to: Mapping[str, Any]) -> dict[str, Any]:
    """A merge patch from one to the other."""
    return {key: to.get(key) for key in sorted({*was, *to}) if was.get(key) != to.get(key)}


def patch(workload: WorkloadRef, pod: Mapping[str, Any], why: list[str]) -> str:
    return document(workload, "apps/v1", {"template": {"spec": dict(pod)}}, why)


def document(workload: WorkloadRef, version: str, spec: Mapping[str, Any], why: list[str]) -> str:
    metadata = {"name": workload.name, "namespace": workload.namespace}
    whole = {"apiVersion": version, "kind": workload.kind, "metadata": metadata, "spec": spec}
    return "".join(f"# {line}\n" for line in why) + "\n".join(lines(whole)) + "\n"


def lines(value: Mapping[str, Any], indent: str = "") -> list[str]:
    """A mapping as block YAML. Texts are written as JSON, which every reader of YAML takes."""
    out: list[str] = []
    for key, part in value.items():
        if isinstance(part, Mapping) and part:
            out += [f"{indent}{key}:", *lines(part, indent + "  ")]
        elif isinstance(part, list) and part and isinstance(part[0], Mapping):
            out.append(f"{indent}{key}:")
            for item in part:
                first, *rest = lines(item, indent + "    ")
                out += [f"{indent}  - {first.strip()}", *rest]
        elif isinstance(part, list) and any(isinstance(text, str) and "\n" in text for text in part):
            out.append(f"{indent}{key}:")
            out += [line for text in part for line in listed(text, indent + "  ")]
        else:
            out.append(f"{indent}{key}: {json.dumps(part, ensure_ascii=False)}")
    return out


def listed(text: str, indent: str) -> list[str]:
    """An item of a list: one of many lines as a literal block, so that people can read a script."""
    if "\n" not in text:
        return [f"{indent}- {json.dumps(text, ensure_ascii=False)}"]
    return [f"{indent}- |", *(f"{indent}  {line}" for line in text.rstrip("\n").split("\n"))]
