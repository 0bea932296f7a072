"""
Whether `fsGroup` does anything to a volume. The kubelet gives files to the group only where the driver lets it:
https://kubernetes-csi.github.io/docs/support-fsgroup.html
"""

from __future__ import annotations

from typing import Any

from cluster.api import ClaimRef
from cluster.errors import Forbidden, NotFound
from cluster.kubernetes import Api
from cluster.live.changing import Raw, dig
from cluster.live.objects import CORE, STORAGE, below

ONCE = {"ReadWriteOnce", "ReadWriteOncePod"}
BY_SOURCE = {"local": True, "iscsi": True, "rbd": True, "fc": True, "hostPath": False, "nfs": False}


def works(api: Api, claim: ClaimRef) -> bool | None:
    """None where it cannot be known: no volume yet, or one that may not be read."""
    try:
        spec = dig(api.get(below(CORE, "persistentvolumeclaims", claim.namespace, claim.name), dict[str, Any]), "spec")
        if not (volume := dig(spec, "volumeName")):
            return None
        return on(api, dig(api.get(below(CORE, "persistentvolumes", name=volume), dict[str, Any]), "spec"))
    except Forbidden:
        return None


def on(api: Api, volume: Raw) -> bool | None:
    csi = dig(volume, "csi")
    if csi is None:
        return next((does for source, does in BY_SOURCE.items() if source in volume), None)
    match policy(api, csi["driver"]):
        case "File":
            return True
        case "None":
            return False
    return bool(csi.get("fsType")) and not csi.get("readOnly") and bool(ONCE & {*dig(volume, "accessModes")})


def policy(api: Api, driver: str) -> str:
    """A driver that says nothing, or has no object at all, has the policy that Kubernetes has for these."""
    try:
        here = api.get(below(STORAGE, "csidrivers", name=driver), dict[str, Any])
    except NotFound:
        here = {}
    return str(dig(here, "spec", "fsGroupPolicy") or "ReadWriteOnceWithFSType")
