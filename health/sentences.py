"""Facts of findings, said in the reader's language. A code that is not known is shown as it is, with its values."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from people.words import moment, number, size, span

Params = Mapping[str, Any]


def crash_loop(p: Params) -> str:
    said = ngettext(
        "Container %(container)s failed and was restarted %(restarts)s time.",
        "Container %(container)s fails again and again: %(restarts)s restarts.",
        p["restarts"],
    ) % {"container": p["container"], "restarts": number(p["restarts"])}
    if p.get("exit") is not None:
        said += " " + _("It ended with exit code %(exit)s.") % p
    if p["of"] > 1:
        said += " " + _("%(pods)s of %(of)s pods.") % p
    return said


def fell(p: Params) -> str:
    return _("It holds %(used)s; it held %(usual)s in the last days.") % {
        "used": size(p["used"]),
        "usual": size(p["usual"]),
    }


def onboarding(p: Params) -> str:
    said = _("The application shows its onboarding page: its data is gone.")
    return f"{said} {fell(p)}" if p.get("used") is not None and p.get("usual") is not None else said


def backup_emptied(p: Params) -> str:
    told = {
        "source": place(p),
        "count": number(p["count"]),
        "was": number(p["was"]),
        "last": moment(datetime.fromisoformat(p["last"])),
    }
    if p["count"]:
        return _("Nothing of what %(source)s held is left: %(count)s objects written since, where %(was)s were.") % told
    return _("%(source)s is empty. It held %(was)s objects at %(last)s.") % told


def backup_shrunk(p: Params) -> str:
    return _("%(source)s holds %(count)s objects. It held %(was)s at %(last)s.") % {
        "source": capital(place(p)),
        "count": number(p["count"]),
        "was": number(p["was"]),
        "last": moment(datetime.fromisoformat(p["last"])),
    }


def sentinel_missing(p: Params) -> str:
    return ngettext(
        "%(paths)s is not in the newest copy in %(source)s.",
        "%(paths)s are not in the newest copy in %(source)s.",
        len(p["paths"]),
    ) % {"paths": listed(p["paths"]), "source": place(p)}


def place(p: Params) -> str:
    """A source as people call it: its kind and where it is."""
    kind, _space, where = str(p["source"]).partition(" ")
    names = {"mirror": _("the mirror"), "archives": _("the archives"), "snapshots": _("the snapshots")}
    said = names.get(kind, kind)
    return f"{said} {where}" if where else said


def listed(paths: list[str]) -> str:
    shown = ", ".join(paths[:3])
    return shown if len(paths) <= 3 else _("%(shown)s and %(more)s more") % {"shown": shown, "more": len(paths) - 3}


def part(name: str) -> str:
    return {
        "workloads": _("the workloads"),
        "pods": _("the pods"),
        "claims": _("the volumes' claims"),
        "snapshots": _("the snapshots"),
        "syncs": _("the syncs"),
        "events": _("the events"),
        "logs": _("the logs"),
    }.get(name, name)


def blind(p: Params) -> str:
    return _("%(part)s could not be read: %(reason)s") % {"part": capital(part(p["part"])), "reason": p["reason"]}


def capital(text: str) -> str:
    return text[:1].upper() + text[1:]


SAID: dict[str, Callable[[Params], str]] = {
    # What fails.
    "crash-loop": crash_loop,
    "permission-denied": lambda p: _("Container %(container)s may not touch its files: “%(line)s”") % p,
    "onboarding": onboarding,
    "fell": fell,
    "backup-emptied": lambda p: capital(backup_emptied(p)),
    "backup-shrunk": backup_shrunk,
    "sentinel-missing": sentinel_missing,
    # What is well.
    "no-crash": lambda p: _("No container crashes."),
    "other-reason": lambda p: _("It crashes, and its log says nothing of files."),
    "holds": lambda p: _("It holds %(used)s.") % {"used": size(p["used"])},
    "filled": lambda p: (
        ngettext("%(n)s object listed.", "%(n)s objects listed.", p["count"]) % {"n": number(p["count"])}
    ),
    "sentinels-there": lambda p: _("Every sentinel is in the newest copy."),
    # What proves nothing.
    "no-pods": lambda p: _("No pod runs: nothing to prove."),
    "not-judged": lambda p: _("It is not ready yet: nothing to prove."),
    "no-history": lambda p: _("Seen for the first time: nothing to compare with."),
    "never-filled": lambda p: capital(_("%(source)s never held anything.") % {"source": place(p)}),
    "emptied-instead": lambda p: _("Nothing of it is left: see whether the backup was emptied."),
    "no-sentinels": lambda p: _("No sentinel is named for this volume."),
    "no-point": lambda p: capital(_("%(source)s hold no recovery point.") % {"source": place(p)}),
    "subject-gone": lambda p: _("What it is about is no longer there."),
    # What nobody could tell.
    "old-sweep": lambda p: _("The last look at the cluster is %(age)s old.") % {"age": span(p["seconds"])},
    "blind": blind,
    "unreadable": lambda p: _("Some objects could not be read."),
    "check-broke": lambda p: _("The check itself broke (%(error)s). That is a fault of Aftermath.") % p,
    "no-log": lambda p: _("The log of %(where)s could not be read.") % p,
    "no-usage": lambda p: _("Nobody can say how much %(claim)s holds.") % p,
    "no-claim": lambda p: _("The claim %(claim)s is not in the cluster.") % p,
    "never-scanned": lambda p: capital(_("%(source)s was never listed.") % {"source": place(p)}),
    "incomplete": lambda p: (
        _("The listing of %(source)s did not come to its end: %(error)s") % {"source": place(p), "error": p["error"]}
    ),
    "old-scan": lambda p: (
        _("The last listing of %(source)s is %(age)s old.") % {"source": place(p), "age": span(p["seconds"])}
    ),
    "asking-again": lambda p: (
        _("%(source)s was empty at the last listing. It is asked again before that is believed.")
        % {"source": capital(place(p))}
    ),
    "not-asked-for": lambda p: (
        _("The listing of %(source)s did not ask for %(paths)s yet.")
        % {"source": place(p), "paths": listed(p["paths"])}
    ),
}


def say(facts: Mapping[str, Any]) -> str:
    """The sentence of some facts; "" of none."""
    if not facts:
        return ""
    code, params = facts["code"], {name: value for name, value in facts.items() if name != "code"}
    known = SAID.get(code)
    return known(params) if known else " ".join([code, *(f"{name}={value}" for name, value in sorted(params.items()))])
