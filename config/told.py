"""What the entries of each layer above the trail say. The trail cannot know them; this is where all layers meet."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from audit.models import Entry
from audit.sentences import VALUES, say
from health.queries import subject_said, title_of
from people.words import span
from runbooks.models import Run
from runbooks.sentences import say as fact

INCIDENTS: dict[str, Any] = {
    "incident.opened": gettext_lazy("opened %(about)s, %(title)s"),
    "incident.imported": gettext_lazy("imported %(about)s, %(title)s, from %(document)s"),
    "incident.edited": gettext_lazy("changed %(about)s"),
    "incident.ongoing": gettext_lazy("reopened %(about)s"),
    "incident.resolved": gettext_lazy("called %(about)s resolved"),
    "incident.closed": gettext_lazy("closed %(about)s"),
    "action.open": gettext_lazy("put back among what is to do: %(text)s"),
    "action.in_progress": gettext_lazy("declared in progress: %(text)s"),
    "action.done": gettext_lazy("declared done: %(text)s"),
    "action.dropped": gettext_lazy("dropped: %(text)s"),
}
# A record of an incident: what it is called, by the name that its entries begin with.
RECORDS: dict[str, Any] = {
    "entry": gettext_lazy("a timeline entry"),
    "cause": gettext_lazy("a cause"),
    "action": gettext_lazy("an action"),
    "lesson": gettext_lazy("a lesson"),
    "reference": gettext_lazy("a reference"),
    "appendix": gettext_lazy("an appendix"),
}
DEEDS: dict[str, Any] = {
    "added": gettext_lazy("added %(record)s to %(about)s"),
    "edited": gettext_lazy("changed %(record)s of %(about)s"),
    "removed": gettext_lazy("took %(record)s out of %(about)s"),
    "put-back": gettext_lazy("put %(record)s back into %(about)s"),
}
BACKUPS: dict[str, Any] = {
    "volume.registered": gettext_lazy("named %(about)s as data that matters"),
    "volume.edited": gettext_lazy("changed what is wanted of %(about)s"),
    "volume.filesystem seen": gettext_lazy("saw another file system below %(about)s"),
    "source.added": gettext_lazy("told where copies of %(volume)s live: %(about)s"),
    "source.used again": gettext_lazy("told again where copies of %(volume)s live: %(about)s"),
    "source.retired": gettext_lazy("no longer counts on copies of %(volume)s in %(about)s"),
    "point.accepted": gettext_lazy("said that the copy %(about)s is meant to be smaller"),
    "point.verified": gettext_lazy("verified the copy %(about)s"),
    "upload.reading": gettext_lazy("brought %(about)s as a copy, or said which folder of it is the root"),
    "upload.asking": gettext_lazy("read %(about)s, and asks which folder is the root"),
    "upload.ready": gettext_lazy("read %(about)s, and made a recovery point of it"),
    "upload.refused": gettext_lazy("read %(about)s, which is no copy that could be restored"),
}
RUNS: dict[str, Any] = {
    "run.queued": gettext_lazy("started %(about)s"),
    "run.running": gettext_lazy("looked again and began %(about)s"),
    "run.done": gettext_lazy("finished %(about)s"),
    "run.draft": gettext_lazy("drew up the plan of %(about)s"),
    "run.undone": gettext_lazy("took all of %(about)s back"),
    "run.left": gettext_lazy("left %(about)s as it is: %(reason)s"),
}
RANGE: dict[str, Any] = {"range.mended": gettext_lazy("put the practice cluster back as at first")}
WAYS: dict[str, Any] = {
    "wrong-owner": gettext_lazy("gave every file to the wrong owner"),
    "emptied": gettext_lazy("emptied the volume"),
    "wiped-by-sync": gettext_lazy("emptied the volume and let the sync wipe its mirror"),
    "hardened": gettext_lazy("took the capabilities of its pods away"),
}


def looked(entry: Entry) -> str:
    """The first look names its runbook; a later one is of a run that exists."""
    slug = entry.facts.get("runbook")
    if not slug:
        return _("had another look for %(about)s") % {"about": entry.about}
    title, volume = Run(slug=slug).title, entry.facts.get("volume", "")
    return _("had a look for %(about)s: %(runbook)s") % {"about": entry.about, "runbook": f"{title} {volume}".strip()}


def with_why(said: Any) -> Any:
    """The sentence, and the reason that the entry has as facts."""

    def sentence(entry: Entry) -> str:
        why = fact(entry.facts.get("why") or {})
        told = str(said) % {"about": entry.about}
        return f"{told}: {why}" if why else told

    return sentence


def act(said: Any) -> Any:
    def sentence(entry: Entry) -> str:
        return str(said) % {"about": entry.about, "n": entry.facts["position"], "act": fact(entry.facts["act"])}

    return sentence


def restored(entry: Entry) -> str:
    return _("restored %(about)s in %(span)s") % {"about": entry.about, "span": span(entry.facts["seconds"])}


def broke(entry: Entry) -> str:
    return _("broke the practice cluster: %(way)s") % {"way": WAYS.get(entry.facts["kind"], entry.facts["kind"])}


def finding(said: Any) -> Any:
    """A finding was written down as its check's name and its subject."""

    def sentence(entry: Entry) -> str:
        check, _space, subject = entry.about.partition(" ")
        return str(said) % {"title": title_of(check), "subject": subject_said(subject)}

    return sentence


def record_deed(deed: Any, record: Any) -> Any:
    return lambda entry: str(deed) % {"record": record, "about": entry.about}


def everything() -> None:
    """Teach the trail to say what the layers above it do."""
    for table in (INCIDENTS, BACKUPS, RUNS, RANGE):
        for action, said in table.items():
            say(action, said)
    for name, record in RECORDS.items():
        for verb, deed in DEEDS.items():
            say(f"{name}.{verb}", record_deed(deed, record))
    say("run.looking", looked)
    say("run.refused", with_why(gettext_lazy("refused %(about)s")))
    say("run.undoing", with_why(gettext_lazy("turned %(about)s back")))
    say("run.stuck", with_why(gettext_lazy("came no further with %(about)s")))
    say("act.done", act(gettext_lazy("did act %(n)s of %(about)s: %(act)s")))
    say("act.undone", act(gettext_lazy("took back act %(n)s of %(about)s: %(act)s")))
    say("finding.open", finding(gettext_lazy("found %(title)s on %(subject)s")))
    say("finding.resolved", finding(gettext_lazy("no longer finds %(title)s on %(subject)s")))
    say("volume.restored", restored)
    say("range.broken", broke)
    VALUES.update(WAYS)
