"""
Each entry as what somebody did, in the reader's language: "changed the role of carol from viewer to operator".

The subject of the sentence is the actor; what is kept here is the rest. A layer above says its own actions with
`say`. The gaps of a text are the entry's facts, and `about`, what its subject was called then. An action that nobody
says is shown by its dotted name.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.utils.translation import gettext_lazy as _

from audit.models import Entry

Sayer = Callable[[Entry], str]
SAID: dict[str, Any] = {}  # a text with gaps, or a function of the entry


def say(action: str, said: Any) -> None:
    """`said` is a translatable text with gaps, or a function of the entry; the last one said counts."""
    SAID[action] = said


def sentence(entry: Entry) -> str:
    """Never fails: an entry of another version, with other facts, must still be readable."""
    said = SAID.get(entry.action)
    if said is None:
        return in_full(entry)
    if callable(said):
        try:
            return str(said(entry))
        except (KeyError, TypeError, ValueError, AttributeError):
            return in_full(entry)
    gaps = {name: words(value) for name, value in entry.facts.items()} | {"about": entry.about or entry.subject}
    try:
        return str(said) % gaps
    except (KeyError, ValueError, TypeError):
        return in_full(entry)


def is_said(action: str) -> bool:
    return action in SAID


def in_full(entry: Entry) -> str:
    return f"{entry.action} {entry.about or entry.subject}"


def words(value: Any) -> Any:
    """A value from a fact, where a sentence has its gap: numbers stay numbers, so that %(count)d works too."""
    if isinstance(value, str) and value in VALUES:
        return str(VALUES[value])
    if isinstance(value, list):
        return ", ".join(str(words(one)) for one in value)
    return value


# Values that are the program's own words, and so are translated.
VALUES: dict[str, Any] = {
    "viewer": _("viewer"),
    "responder": _("responder"),
    "operator": _("operator"),
    "admin": _("admin"),
}

for action, text in {
    "person.added": _("added %(about)s as %(role)s"),
    "person.given-password": _("gave %(about)s a one-time password"),
    "person.chose-password": _("chose a new password"),
    "person.changed-role": _("changed the role of %(about)s from %(was)s to %(role)s"),
    "person.deactivated": _("no longer lets %(about)s sign in"),
    "person.reactivated": _("lets %(about)s sign in again"),
    "person.signed-in": _("signed in"),
    "person.signed-out": _("signed out"),
}.items():
    say(action, text)
