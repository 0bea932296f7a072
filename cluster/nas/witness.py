"""What a NAS says about whether a volume is attached. It sees what Kubernetes does not: who is connected."""

from __future__ import annotations

import logging
from collections.abc import Mapping

from cluster.api import Witness
from cluster.errors import ClusterError
from cluster.nas.connect import lun_of, nas

log = logging.getLogger(__name__)


def storage(driver: str, handle: str, attributes: Mapping[str, str] | None = None) -> tuple[Witness, ...]:
    """
    The NAS's testimony about a volume; none where no NAS is configured, or the volume is not on one.

    Whatever keeps it from speaking makes it `unknown`: an attached volume must never pass for a detached one.
    """
    lun = lun_of(driver, handle, attributes)
    if not lun:
        return ()
    try:
        there = nas()
        sessions = there.sessions(lun) if there else None
    except ClusterError as e:
        log.warning("The NAS cannot say whether %s is attached: %s", lun, e)
        return (Witness("storage", "unknown", str(e)),)
    if sessions is None:
        return ()
    if sessions:
        return (Witness("storage", "attached", ", ".join(str(session) for session in sessions)),)
    return (Witness("storage", "detached", "no session is connected"),)
