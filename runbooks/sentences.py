"""
Facts as sentences, in the reader's language. The code says which; the parameters fill its gaps.

A code that nobody knows is shown as it is, with its parameters: a run of a later version must still be readable.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.utils.timezone import localtime
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from people import words

SENTENCES: dict[str, Any] = {
    # Acts: what is made so.
    "scale": _("Scale %(workload)s from %(was)s to %(to)s"),
    "detached": _("Wait until %(claim)s is detached"),
    "healthy": _("See %(workload)s healthy"),
    "stop-sync": _("Stop the sync %(sync)s"),
    "resume-sync": _("Start the sync %(sync)s again"),
    "leave-sync": _("Leave the sync %(sync)s stopped, as it was"),
    "witnessed": _("Keep what the cluster says of %(claim)s now"),
    "snapshot": _("Keep a snapshot of %(claim)s"),
    "safety-snapshot": _("Keep a snapshot of what is there now"),
    "extract": _("Extract %(files)s, %(bytes)s, into a staging place"),
    "extract-snapshot": _("Copy the snapshot, %(bytes)s, into a staging place"),
    "discard": _("Empty the staging place"),
    "verify": _("Verify them against the manifest"),
    "own-staging": _("Give them to %(owner)s"),
    "own": _("Give every file of %(claim)s to %(owner)s"),
    "own-count": _("Give %(things)s of %(claim)s to %(owner)s"),
    "disown": _("Give them back to whom they belonged"),
    "swap": _("Put them in place; what was there is kept beside"),
    "swap-back": _("Keep a snapshot of what is live, then put back what was there"),
    "archive": _("Archive %(claim)s, its manifest last"),
    # What is waited for.
    "pods-to-go": _("Waiting for the pods to be gone: %(pods)s"),
    "not-detached": _("Waiting for all to agree that it is detached: %(witnesses)s"),
    "agreed-once": _("All agree that it is detached; they are asked once more"),
    "not-ready": _("Waiting for pods: %(ready)s of %(wanted)s ready %(reason)s"),
    "steady": _("Ready; watching that it stays so for %(seconds)s seconds"),
    "snapshot-not-ready": _("Waiting for the snapshot %(name)s to be ready %(error)s"),
    "job": _("Waiting for the job beside the files (%(verb)s)"),
    "no-answer": _("The cluster does not answer; asking again. %(error)s"),
    # Why it failed, turned back, was refused.
    "as-new": _("The application is up, but as if it had never been set up: its data is not there (%(pods)s)."),
    "too-long": _("It was not so after %(minutes)s minutes. %(waiting)s"),
    "look-too-long": _("The look took too long. %(waiting)s"),
    "look-refused": _("It could not be looked at: %(error)s"),
    "broken": _("Something broke: %(error)s"),
    "changed": _("The world is no longer as it was approved: %(names)s changed. Nothing was done. Look again."),
    "cancelled": _("Stopped by %(by)s"),
    "undone-by": _("Taken back by %(by)s"),
    "no-way-back": _("There is no way back from: %(act)s"),
    "cluster-conflict": _("The cluster's object is not as it was: %(error)s"),
    "cluster-forbidden": _("The cluster does not allow it: %(error)s"),
    "cluster-notfound": _("The cluster does not have it: %(error)s"),
    "cluster-refused": _("The cluster refused: %(error)s"),
    "cluster-clustererror": _("The cluster refused: %(error)s"),
    # Objections.
    "stranger": _("%(stranger)s uses %(claim)s, too. It must let go of it first."),
    "no-workload": _("No workload uses %(claim)s: none is stopped, and none can say that it is healthy."),
    "other-volume": _("This recovery point is of another volume."),
    "point-gone": _("This recovery point is no longer where it was."),
    "point-empty": _("This recovery point is empty."),
    "point-shrunk": _("This recovery point has %(files)s files where %(usual)s are usual: it is not whole."),
    "point-smaller": _("This recovery point holds %(bytes)s where %(usual_bytes)s are usual: it is not whole."),
    "point-without": _("This recovery point does not hold %(path)s."),
    "point-unverified": _("This recovery point was never restored before; it is verified before it is put in place."),
    "no-room": _("There is not enough room: %(free_size)s free, %(need_size)s needed."),
    "formatted": _("%(claim)s was formatted since it was last seen whole."),
    "written-since": _("Files were written since the recovery point, the newest %(newest)s. They are kept beside."),
    "nothing-differs": _("Every file belongs to %(owner)s already."),
    "differs": _("%(things)s belong to another: %(first)s"),
    "no-archives": _("No place for archives of %(claim)s is registered."),
    "unlisted": _("Snapshots of %(claim)s are not listed: this one is kept, and not offered until they are."),
    "volume-empty": _("%(claim)s is empty: an archive of it would be no copy of anything."),
    "volume-without": _("%(path)s is not in the volume: an archive now would not hold it."),
    # The log of a run.
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

AGENT: dict[str, Any] = {
    "killed": _("The job beside the files was killed, three times."),
    "no-space": _("There is no room left on the volume."),
    "not-found": _("The recovery point is not in the object store."),
    "forbidden": _("The object store does not allow it."),
    "unreachable": _("The object store does not answer."),
    "other-filesystem": _("Another filesystem is mounted than the one that was seen: the volume was formatted since."),
    "wrong-digest": _("The archive is not the one that its manifest describes: its digest differs."),
    "truncated": _("The archive ends too early."),
    "not-verified": _("What was extracted is not what the manifest says. Nothing was put in place."),
    "bad-manifest": _("The manifest cannot be used."),
    "bad-archive": _("The archive cannot be read."),
    "no-staging": _("There is nothing in the staging place."),
    "not-swapped": _("What this run put aside is no longer there: it cannot be put back."),
    "no-undo": _("There is no undo file for this run."),
}
for _unsafe in (
    "absolute-path",
    "parent-path",
    "device",
    "link-leaves",
    "through-link",
    "too-many-files",
    "too-many-bytes",
):
    AGENT[_unsafe] = _("The archive is not safe to extract (%(error)s): %(message)s")

DRY: dict[str, Any] = {
    "accepted": _("accepted"),
    "only-asks": _("only asks"),
    "not-possible": _("cannot be tried ahead"),
    "later": _("only later"),
    "refused": _("refused"),
    "unknown": _("unknown"),
}

SEEN: dict[str, Any] = {
    "scene": _("the volume or its application"),
    "point": _("the recovery point"),
    "filesystem": _("the filesystem"),
    "store": _("the object store"),
    "stored": _("the archive in the object store"),
}


def say(told: Mapping[str, Any] | None) -> str:
    """A sentence for these facts; empty for none."""
    if not told:
        return ""
    code = str(told.get("code", ""))
    sentence = SENTENCES.get(code) if code != "agent" else AGENT.get(str(told.get("error")), gettext("%(message)s"))
    if sentence is None:
        return f"{code} {', '.join(f'{k}: {v}' for k, v in told.items() if k != 'code')}".strip()
    try:
        return str(sentence) % gaps(told)
    except KeyError:
        return str(sentence)


def gaps(told: Mapping[str, Any]) -> dict[str, str]:
    """The parameters as text: inner facts said, lists joined, numbers and sizes as the reader writes them."""
    said = {name: gap(name, value) for name, value in told.items()}
    if isinstance(files := told.get("files"), int):
        said["files"] = counted_files(files) if told.get("code") == "extract" else words.number(files)
    for name in ("bytes", "usual_bytes"):
        if isinstance(told.get(name), int):
            said[name] = words.size(told[name])
    if told.get("code") == "written-since":
        said["newest"] = words.moment(localtime(datetime.fromisoformat(str(told["newest"]))))
    for name in ("free", "need"):
        if isinstance(told.get(name), int):
            said[f"{name}_size"] = words.size(told[name])
    if isinstance(count := told.get("count"), int):
        said["things"] = ngettext("%(count)s file or folder", "%(count)s files and folders", count) % {
            "count": words.number(count)
        }
    return said


def counted_files(count: int) -> str:
    return ngettext("%(count)s file", "%(count)s files", count) % {"count": words.number(count)}


def gap(name: str, value: Any) -> str:
    if isinstance(value, Mapping):
        return say(value)
    if isinstance(value, list | tuple):
        known = SEEN if name == "names" else {}
        return ", ".join(str(known.get(v, v)) for v in value)
    return str(value)
