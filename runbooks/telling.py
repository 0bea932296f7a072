"""What runs lend to the pages below them: their sentences for the trail and for an incident's timeline."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from audit.models import Entry
from audit.sentences import say as says
from incidents.evidence import speaks
from runbooks.sentences import say

speaks("run", say)

for action, text in {
    "run.looking": lazy("drafted %(about)s"),
    "run.draft": lazy("looked, and planned %(about)s"),
    "run.queued": lazy("started %(about)s"),
    "run.running": lazy("looked again: as approved; %(about)s begins"),
    "run.done": lazy("finished %(about)s"),
    "run.undone": lazy("took back all of %(about)s"),
}.items():
    says(action, text)


REASONED = {
    "run.refused": lazy("refused %(about)s"),
    "run.undoing": lazy("turned back %(about)s"),
    "run.stuck": lazy("is stuck in %(about)s"),
    "run.left": lazy("left %(about)s as it is"),
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
        return _("in %(about)s, took back: %(act)s") % told
    return _("in %(about)s: %(act)s") % told


says("act.done", act)
says("act.undone", act)
