"""What is so about copies, said in the reader's language."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from backups.rules import Graded, Loss, Mark
from people.words import number, size, span

Params = Mapping[str, Any]


def place(source: str) -> str:
    kind, _space, where = source.partition(" ")
    names = {
        "mirror": _("The mirror"),
        "archives": _("The archives"),
        "snapshots": _("The snapshots"),
        "uploads": _("The uploaded files"),
        "released": _("The released volumes"),
    }
    said = names.get(kind, kind)
    return f"{said} {where}" if where else said


SAID: dict[str, Callable[[Params], str]] = {
    # Why the loss is what it is.
    "within": lambda p: _("The newest good copy is within the objective."),
    "near": lambda p: _("The newest good copy is near its objective."),
    "too-old": lambda p: _("The newest good copy is older than the objective."),
    "unproven": lambda p: _("There are copies, and nobody has looked into any of them."),
    "no-point": lambda p: _("No good recovery point exists."),
    "no-source": lambda p: _("No place is named where copies of it would be."),
    "not-read": lambda p: _("Where its copies are could not be read."),
    "never-scanned": lambda p: _("%(source)s: never listed yet.") % {"source": place(p["source"])},
    "incomplete": lambda p: (
        _("%(source)s: the listing did not come to its end. %(error)s")
        % {"source": place(p["source"]), "error": p["error"]}
    ),
    "old-scan": lambda p: (
        _("%(source)s: the last listing is %(age)s old.") % {"source": place(p["source"]), "age": span(p["seconds"])}
    ),
    # What is wrong with a copy.
    "empty": lambda p: _("It is empty."),
    "few-files": lambda p: (
        _("%(files)s files, where %(usual)s were usual.") % {"files": number(p["files"]), "usual": number(p["usual"])}
    ),
    "few-bytes": lambda p: (
        _("%(bytes)s, where %(usual)s were usual.") % {"bytes": size(p["bytes"]), "usual": size(p["usual"])}
    ),
    "sentinel-missing": lambda p: (
        ngettext("%(paths)s is not in it.", "%(paths)s are not in it.", len(p["paths"]))
        % {"paths": ", ".join(p["paths"][:3])}
    ),
    # Why a file is no copy of anything.
    "store": lambda p: _("The object store did not take it: %(error)s") % {"error": p["error"]},
    "one-file": lambda p: _("One file at a time."),
    "too-large": lambda p: (
        _("It is over %(bytes)s, which is the most that is taken here.") % {"bytes": size(p["bytes"])}
    ),
    "broken-off": lambda p: _("The connection broke off before the file was here. Nothing of it was kept."),
    "empty-file": lambda p: _("The file is empty."),
    "zip": lambda p: _("That is a ZIP file: owners and permissions are not in it. Pack the files as .tar.gz."),
    "pdf": lambda p: _("That is a PDF, not an archive."),
    "other-compression": lambda p: _(
        "It is compressed in a way that is not read here: unpack it, and bring a .tar, .tar.gz or .tar.zst."
    ),
    "compressed-other": lambda p: _("It is compressed, but what is inside is no tar archive."),
    "not-an-archive": lambda p: _("It is no archive: a .tar, .tar.gz or .tar.zst is wanted."),
    "truncated": lambda p: _("The archive breaks off in the middle: it was not copied whole."),
    "bad-archive": lambda p: _("The archive cannot be read: %(said)s") % {"said": p["said"]},
    "encrypted": lambda p: _("This Home Assistant backup is encrypted: download it decrypted, or decrypt it first."),
    "parent-path": lambda p: _("It names a file outside of itself: %(path)s") % {"path": p["path"]},
    "absolute-path": lambda p: _("It names a file by an absolute path: %(path)s") % {"path": p["path"]},
    "device": lambda p: _("It holds what is neither file nor folder: %(path)s") % {"path": p["path"]},
    "link-leaves": lambda p: _("A link in it leads outside: %(path)s") % {"path": p["path"]},
    "through-link": lambda p: _("It would be unpacked through a link: %(path)s") % {"path": p["path"]},
    "too-many-files": lambda p: _("It holds more files than are taken here."),
    "too-many-bytes": lambda p: _("It grows to far more than its size when it is unpacked."),
    "empty-archive": lambda p: _("The archive is empty."),
    "no-root": lambda p: _("There is no folder %(folder)s in it.") % {"folder": p["folder"]},
    "object-changed": lambda p: _("The object in the store was replaced while it was read."),
    "not-found": lambda p: _("It is no longer in the store."),
}


def say(facts: Params) -> str:
    """The sentence of some facts; "" of none."""
    code = facts.get("code", "")
    return SAID[code](facts) if code in SAID else code


def loss_said(loss: Loss, rpo: timedelta) -> str:
    """For a screen reader, and beside the gauge."""
    if loss.age is not None:
        return _("The newest good copy is %(age)s old, the objective is %(rpo)s.") % {
            "age": span(loss.age),
            "rpo": span(rpo),
        }
    return say(loss.why)


def loss_word(loss: Loss) -> str:
    """The figure: the age of the newest good copy, "none", or "unknown"."""
    if loss.age is not None:
        return span(loss.age)
    return _("unknown") if loss.state == "unknown" else _("none")


def strip_said(marks: Iterable[Mark]) -> str:
    """The strip of days in words."""
    days = Counter(mark.what for mark in marks)
    told = [
        (days["verified"], _("verified on %(n)s of the last days")),
        (days["made"], _("made and never verified on %(n)s")),
        (days["bad"], _("not good on %(n)s")),
        (days["none"], _("none on %(n)s")),
    ]
    return ", ".join(words % {"n": count} for count, words in told if count)


def grade_said(graded: Graded) -> str:
    """What is wrong with a copy, or how far it can be trusted."""
    if graded.faults:
        return " ".join(say(fault) for fault in graded.faults)
    if graded.grade == "unproven":
        return _("Nobody has looked into it.")
    return _("Restored and verified.") if graded.copy.verified else _("Whole by its manifest, never restored.")
