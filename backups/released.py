"""Volumes that lost their claim, noticed as copies of the data that the claim once had."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from django.db import transaction

from audit.models import record
from backups.models import Source, Volume
from cluster.api import ClaimRef
from cluster.errors import ClusterError
from cluster.port import Cluster
from people.actors import ENGINE

log = logging.getLogger(__name__)
EVERY = 60.0  # seconds, in one process
last = {"looked": float("-inf")}


def notice(connect: Callable[[], Cluster], *, every: float = EVERY) -> None:
    """
    Name the place "released volumes" for each registered claim that left one; its scan makes the points. Where there
    never was one there is no such place, and nothing that could not be read.
    """
    if time.monotonic() - last["looked"] < every:
        return
    last["looked"] = time.monotonic()
    try:
        left = {each.was for each in connect().released()}
    except ClusterError as error:
        log.info("Released volumes could not be listed: %s", error)
        return
    known = set(Source.objects.filter(kind=Source.Kind.RELEASED).values_list("volume_id", flat=True))
    for volume in Volume.objects.exclude(pk__in=known):
        if ClaimRef(volume.namespace, volume.claim) in left:
            name_it(volume)


@transaction.atomic
def name_it(volume: Volume) -> None:
    source, made = Source.objects.get_or_create(volume=volume, kind=Source.Kind.RELEASED, bucket="", prefix="")
    if made:
        record("source.added", source, by=ENGINE, volume=str(volume))
