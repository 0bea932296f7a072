"""Which cluster this program talks to."""

from __future__ import annotations

from functools import cache

from django.conf import settings

from cluster.api import Cluster
from cluster.range.range import Range


@cache
def connect() -> Cluster:
    """The cluster of the settings; made once a process."""
    return Range(settings.RANGE_DIR)
