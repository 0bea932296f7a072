"""
Facts as sentences, in the reader's language. The code says which; the parameters fill its gaps.

A code that nobody knows is shown as it is, with its parameters: a run of a later version must still be readable.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.utils.translation import ngettext

from people import words

SENTENCES: dict[str, Any] = {
    # Acts: what is made so.
    "scale": lazy("Scale %(workload)s from %(was)s to %(to)s"),
    "detached": lazy("Wait until %(claim)s is detached"),
    "healthy": lazy("See %(workload)s healthy"),
    "stop-sync": lazy("Stop the sync %(sync)s"),
    "resume-sync": lazy("Start the sync %(sync)s again"),
    "leave-sync": lazy("Leave the sync %(sync)s stopped, as it was"),
    "witnessed": lazy("Keep what the cluster says of %(claim)s now"),
    "snapshot": lazy("Keep a snapshot of %(claim)s"),
    "safety-snapshot": lazy("Keep a snapshot of what is there now"),
    "extract": lazy("Extract %(files)s, %(bytes)s, into a staging place"),
    "extract-snapshot": lazy("Copy the snapshot, %(bytes)s, into a staging place"),
    "discard": lazy("Empty the staging place"),
    "verify": lazy("Verify them against the manifest"),
    "own-staging": lazy("Give them to %(owner)s"),
    "own": lazy("Give every file of %(claim)s to %(owner)s"),
    "own-count": lazy("Give %(things)s of %(claim)s to %(owner)s"),
    "disown": lazy("Give them back to whom they belonged"),
    "swap": lazy("Put them in place; what was there is kept beside"),
    "swap-back": lazy("Put back what was there"),
    "archive": lazy("Archive %(claim)s, its manifest last"),
    # What is waited for.
    "pods-to-go": lazy("Waiting for the pods to be gone: %(pods)s"),
    "not-detached": lazy("Waiting for all to agree that it is detached: %(witnesses)s"),
    "agreed-once": lazy("All agree that it is detached; they are asked once more"),
    "not-ready": lazy("Waiting for pods: %(ready)s of %(wanted)s ready %(reason)s"),
    "steady": lazy("Ready; watching that it stays so for %(seconds)s seconds"),
    "snapshot-not-ready": lazy("Waiting for the snapshot %(name)s to be ready %(error)s"),
    "job": lazy("Waiting for the job beside the files (%(verb)s)"),
    "no-answer": lazy("The cluster does not answer; asking again. %(error)s"),
    # Why it failed, turned back, was refused.
    "as-new": lazy("The application is up, but as if it had never been set up: its data is not there (%(pods)s)."),
    "too-long": lazy("It was not so after %(minutes)s minutes. %(waiting)s"),
    "look-too-long": lazy("The look took too long. %(waiting)s"),
    "look-refused": lazy("It could not be looked at: %(error)s"),
    "broken": lazy("Something broke: %(error)s"),
    "changed": lazy("The world is no longer as it was approved: %(names)s changed. Nothing was done. Look again."),
    "cancelled": lazy("Stopped by %(by)s"),
    "undone-by": lazy("Taken back by %(by)s"),
    "no-way-back": lazy("There is no way back from: %(act)s"),
    "cluster-conflict": lazy("The cluster's object is not as it was: %(error)s"),
    "cluster-forbidden": lazy("The cluster does not allow it: %(error)s"),
    "cluster-notfound": lazy("The cluster does not have it: %(error)s"),
    "cluster-refused": lazy("The cluster refused: %(error)s"),
    "cluster-clustererror": lazy("The cluster refused: %(error)s"),
    # Objections.
    "stranger": lazy("%(stranger)s uses %(claim)s, too. It must let go of it first."),
    "no-workload": lazy("No workload uses %(claim)s: none is stopped, and none can say that it is healthy."),
    "other-volume": lazy("This recovery point is of another volume."),
    "point-gone": lazy("This recovery point is no longer where it was."),
    "point-empty": lazy("This recovery point is empty."),
    "point-shrunk": lazy("This recovery point has %(files)s files where %(usual)s are usual: it is not whole."),
    "point-without": lazy("This recovery point does not hold %(path)s."),
    "point-unverified": lazy(
        "This recovery point was never restored before; it is verified before it is put in place."
    ),
    "no-room": lazy("There is not enough room: %(free_size)s free, %(need_size)s needed."),
    "formatted": lazy("%(claim)s was formatted since it was last seen whole."),
    "written-since": lazy("Files were written since the recovery point, the newest %(newest)s. They are kept beside."),
    "nothing-differs": lazy("Every file belongs to %(owner)s already."),
    "differs": lazy("%(things)s belong to another: %(first)s"),
    "no-archives": lazy("No place for archives of %(claim)s is registered."),
    "volume-empty": lazy("%(claim)s is empty: an archive of it would be no copy of anything."),
    "volume-without": lazy("%(path)s is not in the volume: an archive now would not hold it."),
    # The log of a run.
    "started": lazy("Started by %(by)s"),
    "begins": lazy("Begins: %(act)s"),
    "is-so": lazy("Is so: %(act)s"),
    "tried-again": lazy("Tried again by %(by)s"),
    "left": lazy("Left as it is by %(by)s: %(reason)s"),
    "run-draft": lazy("Looked and planned"),
    "run-refused": lazy("Refused"),
    "run-done": lazy("Done"),
    "run-undone": lazy("Taken back"),
    "run-stuck": lazy("Stuck: a person must decide"),
    # In an incident's timeline.
    "act.done": lazy("Run %(run)s: %(act)s"),
    "act.undone": lazy("Run %(run)s, taken back: %(act)s"),
}

AGENT: dict[str, Any] = {
    "killed": lazy("The job beside the files was killed, three times."),
    "no-space": lazy("There is no room left on the volume."),
    "not-found": lazy("The recovery point is not in the object store."),
    "forbidden": lazy("The object store does not allow it."),
    "unreachable": lazy("The object store does not answer."),
    "other-filesystem": lazy(
        "Another filesystem is mounted than the one that was seen: the volume was formatted since."
    ),
    "wrong-digest": lazy("The archive is not the one that its manifest describes: its digest differs."),
    "truncated": lazy("The archive ends too early."),
    "not-verified": lazy("What was extracted is not what the manifest says. Nothing was put in place."),
    "bad-manifest": lazy("The manifest cannot be used."),
    "bad-archive": lazy("The archive cannot be read."),
    "no-staging": lazy("There is nothing in the staging place."),
    "no-undo": lazy("There is no undo file for this run."),
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
    AGENT[_unsafe] = lazy("The archive is not safe to extract (%(error)s): %(message)s")

DRY: dict[str, Any] = {
    "accepted": lazy("accepted"),
    "only-asks": lazy("only asks"),
    "not-possible": lazy("cannot be tried ahead"),
    "later": lazy("only later"),
    "refused": lazy("refused"),
    "unknown": lazy("unknown"),
}

SEEN: dict[str, Any] = {
    "scene": lazy("the volume or its application"),
    "point": lazy("the recovery point"),
    "filesystem": lazy("the filesystem"),
    "store": lazy("the object store"),
}


def say(told: Mapping[str, Any] | None) -> str:
    """A sentence for these facts; empty for none."""
    if not told:
        return ""
    code = str(told.get("code", ""))
    sentence = SENTENCES.get(code) if code != "agent" else AGENT.get(str(told.get("error")), _("%(message)s"))
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
    if isinstance(told.get("bytes"), int):
        said["bytes"] = words.size(told["bytes"])
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
