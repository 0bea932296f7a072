"""
Whether a volume is attached: everything that can be read of it, each by itself. What may not be read is unknown.

An attachment that is gone proves little: some drivers make none, and a node may still hold what no attachment names.
So the nodes' own lists are asked too, and a volume that only they know is called what it is: left behind.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

from cluster.api import ClaimRef, Pod, Witness
from cluster.errors import ClusterError, Forbidden, NotFound, Refused
from cluster.kubernetes import Api
from cluster.live import looks
from cluster.live.objects import CORE, STORAGE, Meta, Object, PodObject, below
from cluster.live.storage import Attachment, Node, VolumeObject, claim_at, driver, volume_of
from cluster.nas.witness import storage

What = Literal["pods", "attachment", "node"]


class DriverSpec(Object):
    attach_required: bool = True


class Driver(Object):
    """A CSIDriver."""

    metadata: Meta
    spec: DriverSpec


def witnesses(api: Api, claim: ClaimRef) -> tuple[Witness, ...]:
    """Raises NotFound without the claim."""
    here = claim_at(api, claim)
    pods: list[Pod] = []
    attachments: list[Attachment] = []
    said = asked("pods", lambda: by_pods(pods, looks.pods_using(api, claim)))
    try:
        volume = volume_of(api, here)
    except (Forbidden, Refused) as e:
        why = f"its volume may not be read: {e}"
        return said, Witness("attachment", "unknown", why), Witness("node", "unknown", why)
    if volume is None:
        return said, no_volume("attachment", here.spec.volume_name), no_volume("node", here.spec.volume_name)
    told = asked("attachment", lambda: by_attachments(api, volume, attachments))
    known = told.says != "unknown" and said.says != "unknown"
    nodes = asked("node", lambda: by_nodes(api, volume, attachments, pods, known=known))
    return said, told, nodes, *by_storage(volume)


def asked(what: What, ask: Callable[[], Witness]) -> Witness:
    try:
        return ask()
    except ClusterError as e:
        return Witness(what, "unknown", str(e))


def no_volume(what: What, name: str) -> Witness:
    """A claim that never had a volume is attached nowhere. One whose volume is gone may still be."""
    return (
        Witness(what, "unknown", f"the volume {name} is gone") if name else Witness(what, "detached", "no volume yet")
    )


def by_storage(volume: VolumeObject) -> tuple[Witness, ...]:
    """What the NAS beneath it says, where one is configured."""
    csi = volume.spec.csi
    return storage(csi.driver, csi.volume_handle, csi.volume_attributes) if csi else ()


def by_pods(found: list[Pod], using: Sequence[Pod]) -> Witness:
    found.extend(using)
    names = [f"{pod} ({'going' if pod.deleting else pod.node or 'on no node yet'})" for pod in using]
    return Witness("pods", "attached" if using else "detached", ", ".join(names))


def by_attachments(api: Api, volume: VolumeObject, found: list[Attachment]) -> Witness:
    listed = api.list(below(STORAGE, "volumeattachments"), Attachment).whole("VolumeAttachment")
    found.extend(a for a in listed if a.spec.source.persistent_volume_name == volume.metadata.name)
    if found:
        return Witness("attachment", "attached", "; ".join(attachment(a) for a in found))
    if volume.spec.csi is None:
        return Witness("attachment", "detached", f"a volume of the sort {driver(volume.spec) or 'unknown'} has none")
    return Witness("attachment", "detached", makes_none(api, volume.spec.csi.driver))


def attachment(here: Attachment) -> str:
    """What is going on, the driver's error with it. One that is being deleted is still there."""
    status, node = here.status, here.spec.node_name
    going = here.metadata.deletion_timestamp is not None
    doing = "detaching from" if going else "attached to" if status.attached else "attaching to"
    error = status.detach_error if going else status.attach_error
    return f"{doing} {node} ({here.metadata.name}){f': {error.message}' if error and error.message else ''}"


def makes_none(api: Api, name: str) -> str:
    """Whether that there is no attachment means nothing, because the driver never makes one."""
    try:
        required = api.get(below(STORAGE, "csidrivers", name=name), Driver).spec.attach_required
    except (NotFound, Forbidden):
        return ""
    return "" if required else f"the driver {name} makes none: it proves nothing"


def by_nodes(
    api: Api, volume: VolumeObject, attachments: Sequence[Attachment], pods: Sequence[Pod], *, known: bool
) -> Witness:
    """`known`: the attachments and the pods could be read, so that what is left behind can be told."""
    csi = volume.spec.csi
    if csi is None:
        sort = driver(volume.spec)
        if not sort:  # iscsi, fc and the like are in those lists, by names that nobody here knows
            return Witness("node", "unknown", "of a volume of this sort it cannot be read")
        return Witness("node", "detached", f"a volume of the sort {sort} is in no list")
    unique = f"kubernetes.io/csi/{csi.driver}^{csi.volume_handle}"
    nodes = api.list(below(CORE, "nodes"), Node).whole("Node")
    holding = [(node, lists(node, unique)) for node in nodes if lists(node, unique)]
    told: list[str] = []
    for node, where in holding:
        name = node.metadata.name
        left = known and name not in {a.spec.node_name for a in attachments} | {p.node for p in pods}
        told.append(f"{name} ({where}){not_ready(node)}{left_behind(api, name, csi.driver) if left else ''}")
    return Witness("node", "attached" if holding else "detached", "; ".join(told))


def lists(node: Node, unique: str) -> str:
    """In which of its lists a node has the volume."""
    attached = unique in {v.name for v in node.status.volumes_attached}
    used = unique in node.status.volumes_in_use
    return " and ".join([*["volumesInUse"] * used, *["volumesAttached"] * attached])


def not_ready(node: Node) -> str:
    ready = next((c.status for c in node.status.conditions if c.type == "Ready"), "Unknown")
    return "" if ready == "True" else ", which is not ready: leave its attachments alone"


def left_behind(api: Api, node: str, driver: str) -> str:
    """The cure needs the node: its driver's pod is to be restarted."""
    plugin = driver_pod(api, node, driver)
    return f", left behind there: no attachment and no pod of that node has it; restart {plugin} on {node}"


def driver_pod(api: Api, node: str, driver: str) -> str:
    """A driver's pod has the socket by which the kubelet speaks to it, in a directory of the node."""
    try:
        found = api.list(below(CORE, "pods"), PodObject, fieldSelector=f"spec.nodeName={node}").items
    except ClusterError:
        found = ()
    paths = {f"{p.metadata.namespace}/{p.metadata.name}": host_paths(p) for p in found}
    named = [name for name, has in sorted(paths.items()) if any(path.rstrip("/").endswith(driver) for path in has)]
    return f"the pod {named[0]}" if named else f"the driver {driver}"


def host_paths(pod: PodObject) -> list[str]:
    return [v.host_path.path for v in pod.spec.volumes if v.host_path]
