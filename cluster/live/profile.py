"""How our jobs must look in this cluster: policy engines may demand labels, a registry may need a secret."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from cluster.errors import Refused


def enough() -> dict[str, dict[str, str]]:
    return {"requests": {"cpu": "100m", "memory": "128Mi"}, "limits": {"memory": "1Gi"}}


class Profile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """
    `image` is the program's own; the rest goes into every job's pod as it is. `resources` are Kubernetes' own words:
    an allowance that is too small kills a long restore.
    """

    image: str
    labels: Mapping[str, str] = {}
    annotations: Mapping[str, str] = {}
    resources: Mapping[str, Mapping[str, str]] = msgspec.field(default_factory=enough)
    pull_secrets: tuple[str, ...] = ()
    tolerations: tuple[Mapping[str, Any], ...] = ()
    priority_class: str = ""


def profile(image: str, file: Path | None = None) -> Profile:
    """The profile of a JSON file, with the image of the settings. Raises Refused for one that makes no sense."""
    if file is None:
        return Profile(image)
    try:
        written = msgspec.json.decode(file.read_bytes(), type=dict[str, Any])
        return msgspec.convert({"image": image, **written}, Profile)
    except (OSError, msgspec.MsgspecError) as e:
        raise Refused(f"{file}: {e}") from e
