"""What speaks against a run, and what a person should know before it starts."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

OBJECTIONS: dict[str, Any] = {
    "dry-refused": _("The cluster would refuse act %(acts)s: see what it says in the plan."),
    # The volume and what runs on it.
    "stranger": _("%(stranger)s uses %(claim)s, too. It must let go of it first."),
    "never-detached": _(
        "Nobody here can tell when %(claim)s is detached: its volume is of an unknown sort, or may not be read."
    ),
    "no-workload": _("No workload uses %(claim)s: none is stopped, and none can say that it is healthy."),
    "workload-needed": _("No workload uses %(claim)s: there is nothing to do this to."),
    "not-running": _("%(workload)s has no replicas: there is nothing to attach again."),
    "no-place": _("No node has room for its pod to come back: %(against)s"),
    "zombie-node": _(
        "%(detail)s still lists the volume, though no pod that uses it is there. If that stays when the pods are gone,"
        " restart the pod of the storage driver %(driver)s on that node; nothing else ends it."
    ),
    "stale-attachment": _(
        "The cluster has it attached where no pod uses it: %(detail)s. Detaching is the cluster's to do once its pods"
        " are gone; do not delete the attachment. If the node is off for good, and only then, give it the taint"
        " node.kubernetes.io/out-of-service=nodeshutdown:NoExecute."
    ),
    "formatted": _("%(claim)s was formatted since it was last seen whole."),
    # What changes the workload by itself.
    "keeper-paused": _("%(keeper)s keeps %(workload)s as it is declared: it is paused first, and resumed last."),
    "keeper-theirs": _(
        "%(keeper)s keeps %(workload)s as it is declared, and is paused already, not by a run: it is left so, before"
        " and after. If it starts anything again while that should be down, the run turns back. %(detail)s"
    ),
    "keeper-argocd": _(
        "%(keeper)s keeps %(workload)s as it is declared, and cannot be paused here. It is watched whether it puts"
        " anything back; if it does, the run turns back. %(detail)s"
    ),
    "keeper-flux": _(
        "%(keeper)s keeps %(workload)s as it is declared, and cannot be paused here. It is watched whether it puts"
        " anything back; if it does, the run turns back. %(detail)s"
    ),
    "keeper-helm": _("%(keeper)s installed %(workload)s: its next upgrade sets what it declares. %(detail)s"),
    "keeper-keda": _("%(keeper)s sets the replicas of %(workload)s, and cannot be paused. %(detail)s"),
    "keeper-hpa": _(
        "%(keeper)s sets the replicas of %(workload)s. At none it pauses by itself, and goes on afterwards. %(detail)s"
    ),
    "keeper-vpa": _("%(keeper)s may restart pods of %(workload)s to give them other resources. %(detail)s"),
    "keeper-pdb": _("%(keeper)s limits how many pods of %(workload)s may be evicted; scaling is not. %(detail)s"),
    "no-keeper": _("Nothing that could be paused keeps %(workload)s."),
    "not-paused": _("No pause of ours stands for %(workload)s."),
    # Syncs.
    "sidecar-once-more": _("The sync %(sync)s stops with %(workload)s, and may copy once more when it ends."),
    "no-sync": _("Nothing copies %(claim)s away by itself."),
    "which-sync": _("Several syncs copy %(claim)s away: choose one of %(syncs)s."),
    "sync-kept": _(
        "%(keeper)s would start %(sync)s again, so it is paused, too: after %(lasts_span)s the banner asks for an end."
        " Commit the patch that the run shows, and nothing starts it again behind your back."
    ),
    "starts-sync": _(
        "It would start %(sync)s again, whatever %(claim)s holds by now, and a run stopped that. “Resume a sync” looks"
        " into the volume first."
    ),
    "sync-stopped": _("The sync %(sync)s is stopped already."),
    "sync-running": _("The sync %(sync)s runs already."),
    "sidecar-goes-with": _("The sync %(sync)s is part of %(workload)s: the application goes down with it."),
    "sync-unknown-before": _("How %(sync)s ran before it was stopped is not known: it is started with one replica."),
    "guard-files": _("The volume holds %(files)s files, and a good copy of it about %(least)s or more."),
    "guard-filesystem": _("The volume was formatted since it was last known to be whole."),
    "guard-without": _("The volume does not hold %(path)s."),
    "guard-nothing-known": _("No good copy of %(claim)s is known to compare it with: look for yourself first."),
    # Recovery points.
    "other-volume": _("This recovery point is of another volume."),
    "point-gone": _("This recovery point is no longer where it was."),
    "point-empty": _("This recovery point is empty."),
    "point-shrunk": _("This recovery point has %(files)s files where %(usual)s are usual: it is not whole."),
    "point-smaller": _("This recovery point holds %(bytes)s where %(usual_bytes)s are usual: it is not whole."),
    "point-without": _("This recovery point does not hold %(path)s."),
    "point-unverified": _("This recovery point was never restored before; it is verified before it is put in place."),
    "no-room": _("There is not enough room: %(free_size)s free, %(need_size)s needed."),
    "size-unknown": _("How much this copy holds is not known before it is extracted; %(free_size)s are free."),
    "written-since": _("Files were written since the recovery point, the newest %(newest)s. They are kept beside."),
    "safety-archive": _("The cluster takes no snapshot of it: what is there now is archived first instead."),
    "no-safety": _(
        "What is there now cannot be kept: the cluster takes no snapshot of it, and no place for archives of"
        " %(claim)s is registered."
    ),
    # Copies.
    "no-archives": _("No place for archives of %(claim)s is registered."),
    "unlisted": _("Snapshots of %(claim)s are not listed: this one is kept, and not offered until they are."),
    "archive-live": _(
        "The cluster has no snapshots: files are read while %(claim)s is in use, and may not be of one moment."
    ),
    "volume-empty": _("%(claim)s is empty: an archive of it would be no copy of anything."),
    "volume-without": _("%(path)s is not in the volume: an archive now would not hold it."),
    # Owners.
    "nothing-differs": _("Every file belongs to %(owner)s already."),
    "differs": _("%(things)s belong to another: %(first)s"),
    "clears-setuid": _(
        "A change of owner takes setuid bits and file capabilities away. Taking it back gives them back."
    ),
    # Security contexts.
    "no-other-revision": _("The cluster knows no other template of %(workload)s with another security context."),
    "revision-ready": _("Revision %(number)s, %(name)s, has pods that are ready."),
    "revision-unknown": _("Whether revision %(number)s, %(name)s, ever ran well is not known any more."),
    "revision-not-ready": _("Revision %(number)s, %(name)s, has pods that are not ready, either."),
    "security-change": _("%(where)s: %(key)s, now %(was_said)s, becomes %(to_said)s."),
    "commit-it": _(
        "It is put back to what is declared when the pause ends, %(lasts_span)s after the start: commit the"
        " patch that the run shows before that."
    ),
    # Released volumes.
    "not-released": _("There is no released volume %(name)s."),
    "claim-there": _("There is a claim %(claim)s already: choose another name."),
    "reclaimed": _("%(name)s is to be deleted when it loses its claim: it is told to be kept first."),
    "was-claim": _("%(name)s was %(claim)s, %(capacity_size)s."),
    # What was kept.
    "not-kept": _("Run %(run)s left nothing in %(claim)s: there is nothing to remove."),
    "not-over": _("Run %(run)s is not over."),
    "swap-not-over": _("The files of run %(run)s are half in place: take it back or go on with it first."),
    "kept-of-other": _("Run %(run)s worked on another volume."),
    "nothing-proven": _(
        "No copy of %(claim)s that is still there was ever restored and verified: what was kept may be the only one."
    ),
    "newest-unproven": _("The newest copy of %(claim)s was never restored; the newest that was is of %(taken)s."),
    "not-well": _("%(workload)s is not ready: what was kept may still be needed."),
    "live-without": _("The volume does not hold %(path)s: what was kept may still be needed."),
    "gone": _("%(files)s and %(bytes)s that run %(run)s put aside at %(since)s are gone for good."),
    "gone-with-snapshots": _(
        "%(files)s and %(bytes)s that run %(run)s put aside at %(since)s are gone for good, and"
        " the snapshots %(names)s."
    ),
    # Recovery pods.
    "no-snapshot-first": _("The cluster has no snapshots: there is no way back from what is done in the pod."),
    "while-running": _("%(workload)s goes on running: both see and change the same files."),
}
