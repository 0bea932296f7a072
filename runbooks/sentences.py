"""
Facts as sentences, in the reader's language. The code says which; the parameters fill its gaps.

A code that nobody knows is shown as it is, with its parameters: a run of a later version must still be readable.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.utils.timezone import localtime
from django.utils.translation import gettext, ngettext

from people import words
from runbooks.sentences_acts import ACTS
from runbooks.sentences_agent import AGENT, DRY, MEANS, PROBLEMS, SEEN
from runbooks.sentences_nas import NAS
from runbooks.sentences_objections import OBJECTIONS
from runbooks.sentences_waits import LOG, NOTES, WAITS, WHY, WITNESSES

__all__ = ["AGENT", "DRY", "MEANS", "SEEN", "SENTENCES", "say"]

SENTENCES: dict[str, Any] = {**ACTS, **WAITS, **WITNESSES, **WHY, **OBJECTIONS, **NOTES, **LOG, **NAS}


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


def problem(told: Mapping[str, Any]) -> str:
    """What the agent found that is not as the manifest says, but for where; its own code where that is unknown here."""
    sentence = PROBLEMS.get(str(told.get("code")))
    if sentence is None:
        return str(told.get("code", ""))
    numbers = {name: words.number(told[name]) for name in ("wanted", "found") if isinstance(told.get(name), int)}
    return str(sentence) % {"wanted": "?", "found": "?", **numbers}


def gaps(told: Mapping[str, Any]) -> dict[str, str]:
    """The parameters as text: inner facts said, lists joined, numbers and sizes as the reader writes them."""
    said = {name: gap(name, value) for name, value in told.items()}
    if isinstance(files := told.get("files"), int):
        said["files"] = (
            counted_files(files)
            if told.get("code") in ("extract", "purge", "gone", "gone-with-snapshots")
            else words.number(files)
        )
    for name in ("bytes", "usual_bytes"):
        if isinstance(told.get(name), int):
            said[name] = words.size(told[name])
    for name in ("newest", "until", "taken", "since"):
        if isinstance(at := told.get(name), str):
            said[name] = words.moment(localtime(datetime.fromisoformat(at)))
    for name in ("free", "need", "capacity"):
        if isinstance(told.get(name), int):
            said[f"{name}_size"] = words.size(told[name])
    for name, seconds in (("lasts", 60), ("seconds", 1)):
        if isinstance(told.get(name), int):
            said[f"{name}_span"] = words.span(told[name] * seconds)
    for name in ("was", "to"):
        said[f"{name}_said"] = gettext("not set") if told.get(name) is None else plain(told[name])
    if isinstance(count := told.get("count"), int):
        said["things"] = ngettext("%(count)s file or folder", "%(count)s files and folders", count) % {
            "count": words.number(count)
        }
    return said


def plain(value: Any) -> str:
    """A value of an object as its manifest writes it."""
    return json.dumps(value, ensure_ascii=False)


def counted_files(count: int) -> str:
    return ngettext("%(count)s file", "%(count)s files", count) % {"count": words.number(count)}


def gap(name: str, value: Any) -> str:
    if isinstance(value, Mapping):
        return say(value)
    if isinstance(value, list | tuple):
        known = SEEN if name == "names" else {}
        return ", ".join(say(v) if isinstance(v, Mapping) else str(known.get(v, v)) for v in value)
    return str(value)
