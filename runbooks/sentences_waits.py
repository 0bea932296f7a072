"""What is waited for, why something failed, turned back or was refused, and the lines of a run's log."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

WAITS: dict[str, Any] = {
    "pods-to-go": _("Waiting for the pods to be gone: %(pods)s"),
    "not-detached": _("Waiting until it is detached: %(witnesses)s"),
    "zombie": _(
        "Waiting until it is detached: %(witnesses)s, though no pod uses it and nothing attaches it. If it stays so,"
        " restart the pod of the storage driver on that node; it lists the volume until then."
    ),
    "agreed-once": _("All agree that it is detached; they are asked once more"),
    "nothing-heals": _("Down; watching for %(seconds)s seconds that nothing starts it again"),
    "pause-holds": _("Paused; watching for %(seconds)s seconds that it stays so"),
    "not-ready": _("Waiting for pods: %(ready)s of %(wanted)s ready %(reason)s"),
    "rolling-out": _("Waiting until the pods of before are gone: %(revisions)s"),
    "steady": _("Ready; watching that it stays so for %(seconds)s seconds"),
    "snapshot-not-ready": _("Waiting for the snapshot %(name)s to be ready %(error)s"),
    "snapshot-to-go": _("Waiting for the snapshot %(name)s to be gone"),
    "claim-to-go": _("Waiting for the claim %(claim)s to be gone"),
    "claim-not-bound": _("Waiting for the claim %(claim)s to be bound"),
    "job": _("Waiting for the job beside the files (%(verb)s)"),
    "pod-to-start": _("Waiting for the pod to start"),
    "pod-is-open": _("The pod is open: stopping the run closes it early"),
    "no-answer": _("The cluster does not answer; asking again. %(error)s"),
}
# What can be read about whether a volume is attached, each by what it says.
WITNESSES: dict[str, Any] = {
    "witness-pods-attached": _("pods still have it (%(detail)s)"),
    "witness-pods-unknown": _("which pods have it cannot be read (%(detail)s)"),
    "witness-attachment-attached": _("the cluster still has it attached (%(detail)s)"),
    "witness-attachment-unknown": _("whether the cluster has it attached cannot be read (%(detail)s)"),
    "witness-node-attached": _("the node still lists it as in use (%(detail)s)"),
    "witness-node-unknown": _("what the nodes list as in use cannot be read (%(detail)s)"),
    "witness-storage-attached": _("the storage still has a session open for it (%(detail)s)"),
    "witness-storage-unknown": _("the sessions of the storage cannot be read (%(detail)s)"),
}
WHY: dict[str, Any] = {
    "as-new": _("The application is up, but as if it had never been set up: its data is not there (%(pods)s)."),
    "healed": _(
        "Something gave %(workload)s %(to)s replicas again. Find out what keeps it and pause that, then try again."
    ),
    "pause-undone": _(
        "Something told %(keeper)s to go on. It is itself kept as it is declared: pause what keeps it, then try again."
    ),
    "too-long": _("It was not so after %(minutes)s minutes. %(waiting)s"),
    "look-too-long": _("The look took too long. %(waiting)s"),
    "look-refused": _("It could not be looked at: %(error)s"),
    "broken": _("Something broke: %(error)s"),
    "changed": _("The world is no longer as it was approved: %(names)s changed. Nothing was done. Look again."),
    "cancelled": _("Stopped by %(by)s"),
    "given-up": _("Given up by %(by)s"),
    "undone-by": _("Taken back by %(by)s"),
    "no-way-back": _("There is no way back from: %(act)s"),
    "other-plan": _(
        "Another version of the program began act %(position)s: %(act)s. In the plan of this one it is another, so"
        " nothing was done. Let that version end the run, or leave it as it is."
    ),
    "cluster-conflict": _("The cluster's object is not as it was: %(error)s"),
    "cluster-forbidden": _("The cluster does not allow it: %(error)s"),
    "cluster-notfound": _("The cluster does not have it: %(error)s"),
    "cluster-refused": _("The cluster refused: %(error)s"),
    "cluster-clustererror": _("The cluster refused: %(error)s"),
    "not-resumed": _("It could not be resumed yet: %(error)s"),
    "kept-paused": _(
        "Its time is over, and it stays paused: it would start %(sync)s again, which may only copy the volume away"
        " when that is whole. Resume the sync, which looks first, or resume GitOps as it is."
    ),
}
NOTES: dict[str, Any] = {
    "left-stopped": _("The sync %(sync)s was left stopped. %(why)s"),
    "left-stopped-copy": _(
        "The sync %(sync)s was left stopped: it would send a copy of the volume first that it took some time ago,"
        " %(copy)s. %(why)s Delete the snapshot of that name, if there is one, then that claim: a new copy is taken at"
        " once. Then resume it."
    ),
    "undo-to-little": _(
        "%(claim)s held %(files)s files before, where about %(least)s are usual. Taken back to that, what copies it"
        " away is left stopped: %(syncs)s."
    ),
    "done-in-pod": _("What was done in the pod is not taken back."),
    "snapshot-not-kept": _(
        "The data of the snapshot %(name)s goes with it: its class deletes, and its content may not be told to stay."
    ),
    "held-by-another": _("Another run still needs the pause of %(keeper)s: it is resumed when that ends."),
    "pause-prolonged": _("This run is still live, so the pause was prolonged until %(until)s: %(about)s"),
}
LOG: dict[str, Any] = {
    "started": _("Started by %(by)s"),
    "begins": _("Begins: %(act)s"),
    "is-so": _("Is so: %(act)s"),
    "tried-again": _("Tried again by %(by)s"),
    "left": _("Left as it is by %(by)s: %(reason)s"),
    "run-draft": _("Looked and planned"),
    "run-refused": _("Refused"),
    "run-done": _("Done"),
    "run-undone": _("Taken back"),
    "run-stuck": _("Stuck: a person must decide"),
    # In an incident's timeline.
    "act.done": _("Run %(run)s: %(act)s"),
    "act.undone": _("Run %(run)s, taken back: %(act)s"),
}
