"""The NAS of the settings, and which volumes lie on it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from cluster.nas.api import Nas
from cluster.nas.configured import Configured, configured

DRIVER = "csi.san.synology.com"
BLOCK = {"", "iscsi"}  # protocols of that driver behind which there is a LUN


def nas() -> Nas | None:
    """None where none is configured. Raises Refused where it is configured by half, or cannot be so."""
    here = configured()
    return made(here) if here.wanted else None


@lru_cache(maxsize=1)
def made(here: Configured) -> Nas:
    # A fifth of a second that only a configured NAS is worth.
    from cluster.nas.dsm import Dsm  # noqa: PLC0415

    return Dsm(here)


def lun_of(driver: str, handle: str, attributes: Mapping[str, str] | None = None) -> str:
    """
    The uuid of the LUN behind a volume; empty where no NAS is configured, or the volume is not on one.

    `attributes` are the volume's own (`spec.csi.volumeAttributes`): the same driver serves shares, too, which have no
    LUN and no target.
    """
    protocol = (attributes or {}).get("protocol", "").lower()
    return handle if driver == DRIVER and protocol in BLOCK and configured().wanted else ""
