"""What the entries of each layer above the trail say. The trail cannot know them; this is where all layers meet."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from audit.models import Entry
from audit.sentences import VALUES, say
from health.queries import subject_said, title_of
from people.words import span
from runbooks.models import Run
from runbooks.sentences import say as fact

INCIDENTS: dict[str, Any] = {
    "incident.opened": lazy("opened %(about)s, %(title)s"),
    "incident.imported": lazy("imported %(about)s, %(title)s, from %(document)s"),
    "incident.edited": lazy("changed %(about)s"),
    "incident.ongoing": lazy("reopened %(about)s"),
    "incident.resolved": lazy("called %(about)s resolved"),
    "incident.closed": lazy("closed %(about)s"),
    "action.open": lazy("put back among what is to do: %(text)s"),
    "action.in_progress": lazy("declared in progress: %(text)s"),
    "action.done": lazy("declared done: %(text)s"),
    "action.dropped": lazy("dropped: %(text)s"),
}
# A record of an incident: what it is called, by the name that its entries begin with.
RECORDS: dict[str, Any] = {
    "entry": lazy("a timeline entry"),
    "cause": lazy("a cause"),
    "action": lazy("an action"),
    "lesson": lazy("a lesson"),
    "reference": lazy("a reference"),
    "appendix": lazy("an appendix"),
}
DEEDS: dict[str, Any] = {
    "added": lazy("added %(record)s to %(about)s"),
    "edited": lazy("changed %(record)s of %(about)s"),
    "removed": lazy("took %(record)s out of %(about)s"),
    "put-back": lazy("put %(record)s back into %(about)s"),
}
BACKUPS: dict[str, Any] = {
    "volume.registered": lazy("named %(about)s as data that matters"),
    "volume.edited": lazy("changed what is wanted of %(about)s"),
    "volume.filesystem seen": lazy("saw another file system below %(about)s"),
    "source.added": lazy("told where copies of %(volume)s live: %(about)s"),
    "source.used again": lazy("told again where copies of %(volume)s live: %(about)s"),
    "source.retired": lazy("no longer counts on copies of %(volume)s in %(about)s"),
    "point.accepted": lazy("said that the copy %(about)s is meant to be smaller"),
    "point.verified": lazy("verified the copy %(about)s"),
}
RUNS: dict[str, Any] = {
    "run.queued": lazy("started %(about)s"),
    "run.running": lazy("looked again and began %(about)s"),
    "run.done": lazy("finished %(about)s"),
    "run.draft": lazy("drew up the plan of %(about)s"),
    "run.undone": lazy("took all of %(about)s back"),
    "run.left": lazy("left %(about)s as it is: %(reason)s"),
}
RANGE: dict[str, Any] = {"range.mended": lazy("put the practice cluster back as at first")}
WAYS: dict[str, Any] = {
    "wrong-owner": lazy("gave every file to the wrong owner"),
    "emptied": lazy("emptied the volume"),
    "wiped-by-sync": lazy("emptied the volume and let the sync wipe its mirror"),
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
    say("run.refused", with_why(lazy("refused %(about)s")))
    say("run.undoing", with_why(lazy("turned %(about)s back")))
    say("run.stuck", with_why(lazy("came no further with %(about)s")))
    say("act.done", act(lazy("did act %(n)s of %(about)s: %(act)s")))
    say("act.undone", act(lazy("took back act %(n)s of %(about)s: %(act)s")))
    say("finding.open", finding(lazy("found %(title)s on %(subject)s")))
    say("finding.resolved", finding(lazy("no longer finds %(title)s on %(subject)s")))
    say("volume.restored", restored)
    say("range.broken", broke)
    VALUES.update(WAYS)
