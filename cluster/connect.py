"""Which cluster this program talks to."""

from __future__ import annotations

from functools import cache

from django.conf import settings

from cluster.port import Cluster
from cluster.range.range import Range


@cache
def connect() -> Cluster:
    """The cluster of the settings; made once a process. Raises Refused where there is no way to it."""
    if settings.CLUSTER == "range":
        return Range(settings.RANGE_DIR)
    return live()


def live() -> Cluster:
    # Half a second and 40 MB that the practice cluster never needs.
    from cluster.kubernetes import Api  # noqa: PLC0415
    from cluster.live.live import Live  # noqa: PLC0415
    from cluster.live.profile import profile  # noqa: PLC0415

    api = Api.connect(settings.KUBECONFIG, settings.KUBE_CONTEXT)
    return Live(api, profile(settings.AGENT_IMAGE, settings.AGENT_PROFILE))
