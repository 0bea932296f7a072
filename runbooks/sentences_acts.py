"""Acts as sentences: what is made so. Also what taking them back would do, which is an act, too."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

ACTS: dict[str, Any] = {
    # What runs.
    "scale": _("Scale %(workload)s from %(was)s to %(to)s"),
    "stays-down": _("Watch that nothing starts %(workload)s again"),
    "stayed-down": _("See that nothing started %(workload)s meanwhile"),
    "detached": _("Wait until %(claim)s is detached"),
    "healthy": _("See %(workload)s healthy"),
    "witnessed": _("Keep what the cluster says of %(claim)s now"),
    # What copies it away.
    "stop-sync": _("Stop the sync %(sync)s"),
    "resume-sync": _("Start the sync %(sync)s again"),
    "resume-guarded": _("Start the sync %(sync)s again, if what it would copy is whole"),
    "note-volume": _("Write down what %(claim)s holds now"),
    "leave-sync": _("Leave the sync %(sync)s stopped, as it was"),
    # What keeps it as it is declared.
    "pause": _("Have %(keeper)s leave %(workload)s alone, for %(lasts_span)s at most"),
    "pause-theirs": _("Leave %(keeper)s as it is: for %(workload)s it is paused already"),
    "resume-theirs": _("Leave %(keeper)s paused for %(workload)s, as it was before"),
    "resume": _("Have %(keeper)s keep %(workload)s again"),
    "stays-paused": _("Watch that the pause of %(keeper)s holds"),
    # Copies.
    "snapshot": _("Keep a snapshot of %(claim)s"),
    "safety-snapshot": _("Keep a snapshot of what is there now"),
    "drop-snapshot": _("Remove the snapshot %(name)s for good"),
    "archive": _("Archive %(claim)s, its manifest last"),
    # Files.
    "extract": _("Extract %(files)s, %(bytes)s, into a staging place"),
    "extract-snapshot": _("Copy the snapshot, %(bytes)s, into a staging place"),
    "extract-upload": _("Extract the uploaded file into a staging place"),
    "extract-released": _("Copy what the volume %(ref)s holds into a staging place"),
    "discard": _("Empty the staging place"),
    "verify": _("Verify them against the manifest"),
    "list-wrong": _("Write down which files do not belong to %(owner)s"),
    "own-staging": _("Give them to %(owner)s"),
    "own": _("Give every file of %(claim)s to %(owner)s"),
    "own-count": _("Give exactly those to %(owner)s, %(things)s when it was looked at"),
    "disown": _("Give them back to whom they belonged"),
    "swap": _("Put them in place; what was there is kept beside"),
    "swap-back": _("Keep a snapshot of what is live, then put back what was there"),
    "purge": _("Remove for good what run %(run)s put aside: %(files)s, %(bytes)s"),
    # Security contexts, released volumes, recovery pods.
    "set-security": _("Set the security context of %(workload)s: %(changes)s"),
    "security-back": _("Give %(workload)s the security context back that it had: %(changes)s"),
    "rebind": _("Make the claim %(claim)s of the volume %(volume)s"),
    "let-go": _("Remove the claim %(claim)s again; its volume stays, and all that it holds"),
    "open-pod": _("Open a pod that has %(claim)s, for %(seconds_span)s"),
    "close-pod": _("Close the pod; what was done in it stays done"),
    "pod-open": _("Wait until the pod has ended, by itself or closed"),
}
