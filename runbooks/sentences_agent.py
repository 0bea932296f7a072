"""What the agent answers instead of a result, the answers to a dry run, and the names of what was seen."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

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
    "purged": _("What this run put aside was removed for good: it cannot be put back."),
    "no-undo": _("There is no undo file for this run."),
    "swap-unfinished": _("The files of that run are half in place: take it back or go on with it first."),
    "encrypted": _("The file is encrypted: it can be restored only by the program that made it."),
    "no-inner": _("The archive does not hold the one that it is said to hold."),
    "no-root": _("The archive does not hold the folder that is said to be the volume's root."),
    "empty-archive": _("The archive is empty."),
    "mount-point": _("Something else is mounted inside the volume: it cannot be swapped."),
    "terminated": _("The job beside the files was asked to end."),
    "no-data": _("The volume could not be opened."),
    "read-only": _("The volume can only be read: it went read-only, or is mounted so."),
    "changed-while-read": _(
        "Files were written to while they were read, three times over. Archive it from a snapshot, or while the"
        " application is stopped."
    ),
    "io-error": _("The volume gives errors when it is read or written."),
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
    "nothing-to-do": _("nothing to do"),
    "refused": _("refused"),
    "unknown": _("unknown"),
}
PROBLEMS: dict[str, Any] = {
    "count-files": _("%(found)s files, where %(wanted)s were promised"),
    "count-directories": _("%(found)s folders, where %(wanted)s were promised"),
    "count-bytes": _("%(found)s bytes, where %(wanted)s were promised"),
    "folder": _("Another number of files than was promised in"),
    "unreadable": _("Files that cannot be read"),
    "sentinel-missing": _("Not there, and must be:"),
    "sentinel-differs": _("Not the one that was archived:"),
    "json-missing": _("Not there, and must be:"),
    "json-broken": _("Cut short, or no JSON:"),
    "wal-alone": _("A log without its database:"),
    "not-a-database": _("No database, though its name says so:"),
    "database-broken": _("A database that is broken:"),
}
MEANS: dict[str, Any] = {
    "accepted": _("The cluster was asked and would do it."),
    "not-possible": _("There is no way to ask without doing it."),
    "later": _("What it works on is made by an act before it."),
    "unknown": _("The cluster did not say."),
}

SEEN: dict[str, Any] = {
    "scene": _("the volume or its application"),
    "point": _("the recovery point"),
    "filesystem": _("the filesystem"),
    "store": _("the object store"),
    "stored": _("the archive in the object store"),
    "released": _("the released volume"),
    "snapshots": _("whether there are snapshots"),
    "sync": _("the sync"),
    "guard": _("what the sync is held against"),
    "current": _("the security context"),
    "revision": _("the revision to go back to"),
    "kept": _("what was kept"),
    "template": _("the template of the pods"),
    "keepers": _("what keeps the workload"),
    "lun": _("the LUN on the NAS"),
}
