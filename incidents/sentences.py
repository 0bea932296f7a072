"""Facts of this layer as sentences, in the reader's language: warnings of an import, refusals, reasons."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from incidents.closing import Reason
from incidents.reading.values import Notice, Unreadable

# The codes of the reading contract; the gaps are the parameters of `incidents.reading.notices`.
WARNINGS: dict[str, Any] = {
    "encoding-repaired": gettext_lazy(
        "The file was UTF-8 that something once read as %(encoding)s. That was undone before reading; nothing else "
        "was changed."
    ),
    "not-a-postmortem": gettext_lazy("This does not look like a post-mortem."),
    "no-timeline": gettext_lazy("No part of it is a timeline."),
    "times-in-prose": gettext_lazy("%(count)s clock times stand in sentences. None was made an entry of the timeline."),
    "date-from-title": gettext_lazy("No line says the date; %(date)s was taken from the title."),
    "date-missing": gettext_lazy("Nothing says on which day it happened."),
    "date-differs-from-rows": gettext_lazy(
        "Rows of the timeline fall on %(days)s, outside the stated date (%(stated)s)."
    ),
    "day-inferred": gettext_lazy("%(token)s names no day. The clock steps back here, so it was placed on %(day)s."),
    "duration-differs-from-rows": gettext_lazy("It is said to have lasted %(stated)s minutes; its rows span %(rows)s."),
    "count-differs": gettext_lazy("“%(text)s” says %(stated)s, and %(listed)s are listed."),
    "severity-missing": gettext_lazy("No severity is stated."),
    "severity-uncertain": gettext_lazy("“%(raw)s” is a bare word; it was read as %(level)s."),
    "status-missing": gettext_lazy("No status is stated. Say below whether it is over."),
    "status-unclear": gettext_lazy("“%(raw)s” was read as “%(state)s”."),
    "zone-missing": gettext_lazy("No time zone is written. Times are kept as they stand, and none is guessed."),
    "mixed-zones": gettext_lazy("Times are written in several zones: %(zones)s."),
    "row-without-time": gettext_lazy("This row has no time of day. It stands where it stood."),
    "backward-time": gettext_lazy("%(token)s is earlier than the row before it. The order was kept."),
    "inline-action": gettext_lazy("An action is written inside this text. It stays there: “%(text)s”."),
    "duplicate-action": gettext_lazy("Line %(other)s says the same in other words: “%(text)s”."),
    "action-status-missing": gettext_lazy("Nothing says whether this is done. It is kept as still to do."),
    "action-status-unclear": gettext_lazy("“%(raw)s” is no known state. It is kept as still to do."),
    "cause-superseded": gettext_lazy("The text withdraws this cause: “%(text)s”."),
    "contradiction": gettext_lazy("Two statements exclude each other: “%(first)s” and “%(second)s”."),
    "unknown-name": gettext_lazy("“%(name)s” is no node that is known."),
}

TAKEN: dict[str, Any] = {
    "password": gettext_lazy("a password or token"),
    "token": gettext_lazy("an access token"),
    "bearer": gettext_lazy("a bearer token"),
    "aws-key": gettext_lazy("an AWS key"),
    "private-key": gettext_lazy("a private key"),
    "address": gettext_lazy("the password in an address"),
}

UNREADABLE: dict[str, Any] = {
    "too-big": gettext_lazy("This has %(mb)s MB, and a post-mortem at most %(limit_mb)s MB."),
    "not-text": gettext_lazy("This is not text (%(what)s, byte %(offset)s). Save it as Markdown or plain text first."),
    "empty": gettext_lazy("There is nothing in it."),
    "not-json": gettext_lazy("It is called JSON, and is none: %(why)s."),
    "schema": gettext_lazy(
        "This is JSON, but no incident that was exported here: its “schema” is %(found)s, not %(wanted)s."
    ),
    "unknown-field": gettext_lazy("It has a field that is not known here and would be lost: %(name)s."),
    "wrong-shape": gettext_lazy("It is not an incident as one is exported here: %(why)s."),
    "not-storable": gettext_lazy("It says something that cannot be kept, at %(where)s."),
}

REFUSALS: dict[str, Any] = {
    "evidence-stays": gettext_lazy("Evidence stays as it was recorded. Add an entry that says what you know better."),
}

REASONS: dict[str, Any] = {
    "still-ongoing": gettext_lazy("It is still ongoing: resolve it first."),
    "no-severity": gettext_lazy("It has no severity."),
    "no-summary": gettext_lazy("It has no summary."),
    "no-timeline": gettext_lazy("Its timeline is empty."),
    "no-cause": gettext_lazy("It has no cause."),
}


def warning(notice: Notice) -> str:
    """A warning of an import; the reader's own sentence where a parameter is missing."""
    try:
        return str(WARNINGS[notice.code]) % _said(notice.params)
    except KeyError:
        return notice.message


def unreadable(error: Unreadable) -> str:
    try:
        return str(UNREADABLE[error.code]) % error.params
    except KeyError:
        return str(error)


def refusal(code: str) -> str:
    return str(REFUSALS[code])


def reason(told: Reason) -> str:
    if told.code == "actions-owed":
        return ngettext(
            "%(count)s action is still to do: do it, or drop it.",
            "%(count)s actions are still to do: do them, or drop them.",
            told.count,
        ) % {"count": told.count}
    return str(REASONS[told.code])


def taken(kind: str) -> str:
    return str(TAKEN.get(kind, _("a secret")))


def _said(params: Mapping[str, Any]) -> dict[str, Any]:
    """Lists with commas: a sentence has no brackets."""
    return {
        key: ", ".join(str(item) for item in value) if isinstance(value, list | tuple) else value
        for key, value in params.items()
    }
