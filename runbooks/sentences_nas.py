"""What is said of a NAS: `runbooks.sentences` takes these among its own."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

NAS: dict[str, Any] = {
    "nas-snapshot": _("Keep a snapshot of %(claim)s on the NAS, too"),
    "nas-not-healthy": _("Waiting for the snapshot %(name)s on the NAS to be healthy (%(status)s)"),
    "nas-silent": _("The NAS does not answer; asking again. %(error)s"),
    "nas-refused": _("The NAS refused: %(error)s"),
}
