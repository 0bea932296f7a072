"""Alice writes an incident down; nothing that anybody wrote is lost, and nobody is overwritten."""

from __future__ import annotations

from datetime import date

import pytest

from audit.models import Entry
from incidents import actions
from incidents.models import Appendix, Incident, TimelineEntry
from people.actors import person

pytestmark = pytest.mark.django_db


def texts(incident):
    return [entry.text for entry in TimelineEntry.objects.here().filter(incident=incident)]


def test_an_entry_stands_where_its_time_belongs(incident, by):
    actions.add_entry(incident, by=by, token="20:46", start="2026-11-05T20:46", precision="exact", text="first")
    actions.add_entry(incident, by=by, token="00:58", start="2026-11-06T00:58", precision="exact", text="third")
    actions.add_entry(incident, by=by, token="22:00", start="2026-11-05T22:00", precision="exact", text="second")
    assert texts(incident) == ["first", "second", "third"]


def test_what_stands_out_of_order_is_not_moved_by_a_new_entry(incident, by):
    for position, (start, text) in enumerate([("07:15", "about"), ("07:14", "before"), ("09:00", "late")]):
        TimelineEntry.objects.create(incident=incident, position=position, start=f"2026-11-05T{start}", text=text)
    actions.add_entry(incident, by=by, token="08:00", start="2026-11-05T08:00", precision="exact", text="new")
    assert texts(incident) == ["about", "before", "new", "late"]


def test_an_entry_without_a_time_stays_behind_the_one_it_belongs_to(incident, by):
    actions.add_entry(incident, by=by, token="20:46", start="2026-11-05T20:46", precision="exact", text="first")
    actions.add_entry(incident, by=by, token="later", precision="none", text="and then")
    actions.add_entry(incident, by=by, token="22:00", start="2026-11-05T22:00", precision="exact", text="second")
    assert texts(incident) == ["first", "and then", "second"]


def test_its_instant_follows_from_its_zone_and_is_not_guessed(incident, by):
    entry = actions.add_entry(incident, by=by, token="20:46", start="2026-11-05T20:46", precision="exact", text="x")
    assert entry.at.isoformat() == "2026-11-05T19:46:00+00:00"
    actions.edit(incident, {"zone": "", "zone_source": "assumed"}, seen=incident.version, by=by)
    entry.refresh_from_db()
    assert entry.at is None


def test_an_entry_with_a_zone_of_its_own_keeps_it_when_the_incidents_changes(incident, by):
    own = actions.add_entry(
        incident, by=by, token="19:46 UTC", start="2026-11-05T19:46", precision="exact",
        zone="UTC", zone_source="row", text="x",
    )  # fmt: skip
    actions.edit(incident, {"zone": "America/Lima"}, seen=incident.version, by=by)
    own.refresh_from_db()
    assert (own.zone, own.at.hour) == ("UTC", 19)


def test_each_change_is_in_the_trail_with_what_was_and_what_is(incident, by):
    cause = actions.add_cause(incident, by=by, kind="root", title="", text="a rename")
    actions.edit(cause, {"text": "a rename is a new claim", "kind": "root"}, seen=cause.version, by=by)
    entry = Entry.objects.of(incident).last()
    assert entry.action == "cause.edited"
    assert entry.facts["was"] == {"text": "a rename"}
    assert entry.facts["now"] == {"text": "a rename is a new claim"}
    assert entry.facts["record"] == f"cause:{cause.pk}"


def test_saving_what_already_stands_writes_nothing(incident, by):
    count = Entry.objects.count()
    assert actions.edit(incident, {"title": incident.title}, seen=incident.version, by=by) == []
    assert Entry.objects.count() == count


def test_the_second_of_two_people_is_told_and_overwrites_nothing(incident, by, bob):
    hers, his = Incident.objects.get(pk=incident.pk), Incident.objects.get(pk=incident.pk)
    actions.edit(hers, {"summary": "hers"}, seen=1, by=by)
    with pytest.raises(actions.Overtaken) as told:
        actions.edit(his, {"summary": "his"}, seen=1, by=person(bob))
    assert told.value.now.summary == "hers"
    actions.edit(his, {"summary": "both"}, seen=told.value.now.version, by=person(bob))
    incident.refresh_from_db()
    assert incident.summary == "both"


def test_what_is_taken_out_can_be_put_back_where_it_stood(incident, by):
    first, second, third = (actions.add_lesson(incident, by=by, text=text) for text in "abc")
    actions.remove(second, by=by)
    assert [one.text for one in type(second).objects.here()] == ["a", "c"]
    assert Entry.objects.of(incident).last().facts["was"] == {"text": "b"}
    actions.put_back(second, by=by)
    assert [one.text for one in type(second).objects.here()] == ["a", "b", "c"]
    assert first.position < second.position < third.position


def test_what_was_taken_out_by_somebody_else_cannot_be_edited(incident, by):
    lesson = actions.add_lesson(incident, by=by, text="a")
    seen = lesson.version
    actions.remove(lesson, by=by)
    with pytest.raises(actions.Overtaken):
        actions.edit(lesson, {"text": "b"}, seen=lesson.version, by=by)
    with pytest.raises(actions.Overtaken):
        actions.remove(lesson, by=by)
    assert lesson.version == seen + 1


def test_marking_an_action_lets_go_of_the_documents_word_and_the_trail_keeps_it(incident, by):
    action = actions.add_action(incident, by=by, text="a cold copy", due=date(2026, 11, 14))
    type(action).objects.filter(pk=action.pk).update(status_raw="À faire")
    action.refresh_from_db()
    actions.mark_action(action, "done", by=by)
    action.refresh_from_db()
    assert (action.state, action.status_raw) == ("done", "")
    assert Entry.objects.of(incident).last().facts["status_raw"] == "À faire"


def test_a_field_that_is_not_there_to_be_written_is_refused(incident, by):
    with pytest.raises(TypeError):
        actions.edit(incident, {"state": "closed"}, seen=incident.version, by=by)
    with pytest.raises(TypeError):
        actions.add(Appendix, incident, by=by, removed=None, text="x")


def test_a_secret_that_somebody_types_is_not_stored_anywhere(incident, by):
    lesson = actions.add_lesson(incident, by=by, text="the password: hunter2! was in the log")
    assert lesson.text == "the password: [redacted] was in the log"
    assert "hunter2" not in str(Entry.objects.of(incident).last().facts)
