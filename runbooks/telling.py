"""What runs lend to the pages below them: their sentences for the trail and for an incident's timeline."""

from __future__ import annotations

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from audit.models import Entry
from audit.sentences import say as says
from incidents.evidence import speaks
from runbooks.sentences import say

speaks("run", say)

for action, text in {
    "run.looking": _("drafted %(about)s"),
    "run.draft": _("looked, and planned %(about)s"),
    "run.queued": _("started %(about)s"),
    "run.running": _("looked again: as approved; %(about)s begins"),
    "run.done": _("finished %(about)s"),
    "run.undone": _("took back all of %(about)s"),
}.items():
    says(action, text)


REASONED = {
    "run.refused": _("refused %(about)s"),
    "run.undoing": _("turned back %(about)s"),
    "run.stuck": _("is stuck in %(about)s"),
    "run.left": _("left %(about)s as it is"),
}


def with_why(entry: Entry) -> str:
    """A sentence, and the reason that was written down with it."""
    why = say(entry.facts.get("why")) or str(entry.facts.get("reason", ""))
    said = str(REASONED[entry.action]) % {"about": entry.about}
    return f"{said}: {why}" if why else said


for action in REASONED:
    says(action, with_why)


def act(entry: Entry) -> str:
    told = {"act": say(entry.facts.get("act")), "about": entry.about}
    if entry.action == "act.undone":
        return gettext("in %(about)s, took back: %(act)s") % told
    return gettext("in %(about)s: %(act)s") % told


says("act.done", act)
says("act.undone", act)
