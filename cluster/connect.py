"""Which cluster this program talks to."""

from __future__ import annotations

from functools import cache

from django.conf import settings

from cluster.api import Cluster
from cluster.errors import Refused
from cluster.range.range import Range


@cache
def connect() -> Cluster:
    """The cluster of the settings; made once a process. Raises Refused for one that this version cannot talk to."""
    if settings.CLUSTER != "range":
        raise Refused(f"CLUSTER={settings.CLUSTER}: this version can only talk to the practice range.")
    return Range(settings.RANGE_DIR)
