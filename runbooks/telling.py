"""What runs lend to pages of lower layers: sentences for an incident's evidence, and for what stands in the trail."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.utils.timezone import localtime
from django.utils.translation import gettext_lazy as _

from audit import sentences as trail
from audit.models import Entry
from incidents.evidence import speaks
from people.words import moment
from runbooks.sentences import say

speaks("run", say)


def until(said: Any) -> Any:
    """A sentence with a time in it, as the reader writes one."""

    def sentence(entry: Entry) -> str:
        at = moment(localtime(datetime.fromisoformat(entry.facts["until"])))
        return str(said) % {**entry.facts, "until": at}

    return sentence


def stands(entry: Entry) -> str:
    why = {"pause": entry.facts["pause"], "why": say(entry.facts["why"])}
    return str(_("left a pause as it is after its end: %(pause)s. %(why)s")) % why


begun = _("told %(keeper)s to leave %(workload)s alone until %(until)s, for run %(run)s")
trail.say("pause.begun", until(begun))
trail.say("pause.prolonged", until(_("prolonged a pause until %(until)s, its run is still live: %(pause)s")))
trail.say("pause.stands", stands)
trail.say("pause.ended", _("ended a pause: %(pause)s"))
