"""An incident is resolved, closed and reopened; what stands in the way of closing is said all at once."""

from __future__ import annotations

import pytest
from django.urls import reverse

from audit.models import Entry
from audit.moves import IllegalMove
from incidents import actions
from incidents.closing import Standing, reasons
from incidents.models import Incident

pytestmark = pytest.mark.django_db
COMPLETE = Standing(state="resolved", severity="S1", summary="x", entries=1, causes=1, owed=0)


def test_a_complete_report_can_be_closed():
    assert list(reasons(COMPLETE)) == []


def test_every_reason_is_given_at_once():
    nothing = Standing(state="ongoing", severity="", summary=" ", entries=0, causes=0, owed=2)
    assert [reason.code for reason in reasons(nothing)] == [
        "still-ongoing", "no-severity", "no-summary", "no-timeline", "no-cause", "actions-owed",
    ]  # fmt: skip


def complete(incident, by):
    actions.add_entry(incident, by=by, token="20:46", start="2026-11-05T20:46", precision="exact", text="x")
    actions.add_cause(incident, by=by, kind="root", title="", text="x")
    actions.move_incident(incident, "resolved", by=by)


def test_it_goes_from_ongoing_to_closed_and_back(incident, by):
    complete(incident, by)
    assert incident.resolved is not None
    actions.move_incident(incident, "closed", by=by)
    actions.move_incident(incident, "ongoing", by=by)
    assert (incident.state, incident.resolved) == ("ongoing", None)
    assert [e.action for e in Entry.objects.of(incident)][-3:] == [
        "incident.resolved", "incident.closed", "incident.ongoing",
    ]  # fmt: skip


def test_it_cannot_be_closed_before_it_is_resolved(incident, by):
    with pytest.raises(actions.NotClosable):
        actions.move_incident(incident, "closed", by=by)
    complete(incident, by)
    with pytest.raises(IllegalMove):
        actions.move_incident(incident, "resolved", by=by)


def test_an_action_still_to_do_stands_in_the_way_until_it_is_done_or_dropped(incident, by):
    complete(incident, by)
    action = actions.add_action(incident, by=by, text="a cold copy")
    with pytest.raises(actions.NotClosable) as told:
        actions.move_incident(incident, "closed", by=by)
    assert [(reason.code, reason.count) for reason in told.value.reasons] == [("actions-owed", 1)]
    actions.mark_action(action, "dropped", by=by)
    actions.move_incident(incident, "closed", by=by)


def test_the_page_says_each_reason_and_keeps_the_state(at_work, incident, by):
    actions.move_incident(incident, "resolved", by=by)
    answer = at_work.post(reverse("incident-move", args=[incident.pk]), {"to": "closed"})
    assert answer.status_code == 422
    assert b"Its timeline is empty." in answer.content
    assert b"It has no cause." in answer.content
    assert Incident.objects.get().state == "resolved"


def test_a_button_pressed_too_late_is_no_accident(at_work, incident):
    url = reverse("incident-move", args=[incident.pk])
    assert at_work.post(url, {"to": "resolved"}).status_code == 302
    answer = at_work.post(url, {"to": "resolved"}, follow=True)
    assert b"Somebody else was faster." in answer.content
    assert at_work.post(url, {"to": "nonsense"}, follow=True).status_code == 200
