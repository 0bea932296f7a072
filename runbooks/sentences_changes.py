"""What changed between an approval and the start, said: whose part it is, what was there and what is there now."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from people import words
from runbooks.sentences_agent import SEEN

PARTS: dict[str, Any] = {
    "volume": _("the volume"),
    "workload": _("what uses it"),
    "workload_uid": _("the identity of what uses it"),
    "claim": _("the claim"),
    "claim_uid": _("the identity of the claim"),
    "replicas": _("replicas"),
    "version": _("version"),
    "syncs": _("what copies it away"),
    "kept_syncs": _("what keeps a sync"),
    "keepers": _("what keeps it as it is declared"),
    "strangers": _("others that use it"),
    "running": _("running"),
    "paused": _("paused"),
    "pausable": _("can be paused"),
    "sort": _("the sort of volume"),
    "handle": _("the volume on the storage"),
    "sentinels": _("sentinels"),
    "missing": _("missing sentinels"),
    "uid": _("user id"),
    "gid": _("group id"),
    "files": _("files"),
    "bytes": _("bytes"),
    "gone": _("gone"),
    "verified": _("verified"),
    "security": _("security context"),
    "number": _("number"),
    "state": _("state"),
    "command": _("command"),
    "taken": _("taken"),
}


def change(told: Mapping[str, Any]) -> str:
    """A difference as `runbooks.differences` tells it: `replicas: 1 → 0`."""
    path = [str(part) for part in told.get("path", ())]
    where = ", ".join(
        named(part, first=n == 0) for n, part in enumerate(path) if n or path[1:] == [] or part != "scene"
    )
    if "went" in told:
        parts = {gettext("gone: %(names)s"): told["went"], gettext("new: %(names)s"): told.get("came", [])}
        said = "; ".join(sentence % {"names": ", ".join(names)} for sentence, names in parts.items() if names)
    elif {"was", "now"} & told.keys():
        said = f"{value(told, 'was')} → {value(told, 'now')}"
    else:
        said = gettext("changed")
    return f"{where}: {said}"


def named(part: str, *, first: bool) -> str:
    known = SEEN.get(part) if first else None
    return str(known or PARTS.get(part) or part.replace("_", " "))


def value(told: Mapping[str, Any], side: str) -> str:
    match told.get(side):
        case None | "":
            return gettext("nothing")
        case bool(there):
            return gettext("yes") if there else gettext("no")
        case int(count):
            return words.number(count)
        case other:
            return str(other)
