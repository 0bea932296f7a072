"""What a security context takes from a container that starts as root."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

NEEDED = {"ALL", "CHOWN", "DAC_OVERRIDE", "FOWNER", "SETUID", "SETGID"}  # what root works on others' files with


def curbed(pod: Mapping[str, Any], container: Mapping[str, Any]) -> bool:
    """
    Whether it runs as root, as far as its contexts say, and may not do what root usually may. An image that starts as
    root to give its files and itself to somebody else then fails on files that are whole.
    """
    user = container.get("runAsUser", pod.get("runAsUser"))
    if user or container.get("runAsNonRoot", pod.get("runAsNonRoot")):
        return False
    capabilities = container.get("capabilities") or {}
    lost = NEEDED & set(capabilities.get("drop") or ()) and not {"ALL"} & set(capabilities.get("add") or ())
    return bool(lost) or container.get("allowPrivilegeEscalation") is False
