"""Every field of every record can be changed in its place, with a browser alone and with htmx."""

from __future__ import annotations

import re

import pytest
from django.urls import reverse

from audit.models import Entry
from incidents import actions
from incidents.models import Action, Incident, Lesson, TimelineEntry
from tests.incidents.conftest import browser

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}

ADDED = {
    "entry": {"token": "J+1 01:15", "text": "Found **whole**.\n\n- with a list\n"},
    "cause": {"kind": "root", "title": "A rename", "text": "is a new claim", "trigger": "on"},
    "action": {"text": "A cold copy", "owner": "Bob", "due": "2026-11-14", "kind": "preventive", "references": "#1 #2"},
    "lesson": {"text": "A name is part of the data."},
    "reference": {"kind": "pr", "ref": "#418"},
    "appendix": {"heading": "State", "text": "| a | b |\n|---|---|\n| c | d |"},
}


def url(name, incident, *args):
    return reverse(name, args=[incident.pk, *args])


@pytest.mark.parametrize("kind", ADDED)
def test_each_kind_is_added_in_its_place_without_javascript(at_work, incident, kind):
    page = at_work.get(url("record-add", incident, kind))
    assert f'id="add-{kind}"'.encode() in page.content
    answer = at_work.post(url("record-add", incident, kind), ADDED[kind])
    assert answer.status_code == 302
    assert answer.url.startswith(f"/incidents/{incident.pk}/#{kind}-")
    anchor = answer.url.partition("#")[2]
    assert f'id="{anchor}"'.encode() in at_work.get(answer.url).content


@pytest.mark.parametrize("kind", ADDED)
def test_each_kind_is_added_in_its_place_with_htmx(at_work, incident, kind):
    part = at_work.get(url("record-add", incident, kind), headers=HTMX).content.decode()
    assert f'id="part-{kind}"' in part
    assert "<html" not in part
    done = at_work.post(url("record-add", incident, kind), ADDED[kind], headers=HTMX).content.decode()
    assert f'id="part-{kind}"' in done
    assert '<form class="asks-one' not in done


def test_a_time_is_read_as_it_is_written_and_kept_as_it_was(at_work, incident):
    at_work.post(url("record-add", incident, "entry"), ADDED["entry"])
    entry = TimelineEntry.objects.get()
    assert (entry.token, entry.start, entry.day_offset) == ("J+1 01:15", "2026-11-06T01:15", 1)
    assert entry.at.isoformat() == "2026-11-06T00:15:00+00:00"
    assert entry.text == "Found **whole**.\n\n- with a list\n"
    assert entry.written_by == "alice"


def test_a_clock_alone_takes_its_day_from_the_entry_before(at_work, incident):
    for token in ("22:45", "01:15"):
        at_work.post(url("record-add", incident, "entry"), {"token": token, "text": token})
    assert [e.start for e in TimelineEntry.objects.all()] == ["2026-11-05T22:45", "2026-11-06T01:15"]


def edited(client, record, kind, /, **fields):
    where = url("record-edit", record.incident, kind, record.pk)
    return client.post(where, {"seen": record.version, **fields})


def test_a_new_token_is_understood_anew_and_what_is_said_of_it_counts_more(at_work, incident, by):
    entry = actions.add_entry(incident, by=by, token="20:46", start="2026-11-05T20:46", precision="exact", text="x")
    same = {"text": "x", "start": "2026-11-05 20:46", "end": "", "precision": "exact"}
    edited(at_work, entry, "entry", token="~21:00", **same)
    entry.refresh_from_db()
    assert (entry.start, entry.precision) == ("2026-11-05T21:00", "approximate")
    edited(at_work, entry, "entry", token="at nine", text="x", start="2026-11-05 21:05", end="", precision="exact")
    entry.refresh_from_db()
    assert (entry.token, entry.start, entry.precision) == ("at nine", "2026-11-05T21:05", "exact")


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"token": "20:46", "text": ""}, "required"),
        ({"token": "20:46", "text": "x", "start": "yesterday"}, "Write it as"),
        ({"token": "20:46", "text": "x", "start": "2026-13-05 20:46"}, "Write it as"),
        ({"text": "x", "start": "2026-11-05 20:46", "end": "2026-11-05 20:31"}, "It ends before it starts"),
        ({"text": "x\0", "token": "1"}, "Null characters"),
    ],
)
def test_what_cannot_be_is_said_beside_its_field_and_nothing_is_saved(at_work, incident, fields, said):
    answer = at_work.post(url("record-add", incident, "entry"), fields)
    assert answer.status_code == 422
    assert said in answer.content.decode()
    assert not TimelineEntry.objects.exists()


def test_the_loser_of_two_sees_both_texts_and_may_save_again(at_work, bob, incident, by):
    lesson = actions.add_lesson(incident, by=by, text="old")
    edited(browser(bob), lesson, "lesson", text="what Bob wrote")
    answer = edited(at_work, lesson, "lesson", text="what Alice wrote")
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "what Bob wrote" in page
    assert "what Alice wrote" in page
    lesson.refresh_from_db()
    assert lesson.text == "what Bob wrote"
    assert f'name="seen" value="{lesson.version}"' in page
    assert edited(at_work, lesson, "lesson", text="both").status_code == 302
    lesson.refresh_from_db()
    assert lesson.text == "both"


def test_the_head_the_summary_and_the_header_lines_are_edited_in_place(at_work, incident):
    head = {"title": "Another", "severity": "S2", "zone": "UTC", "language": "fr", "occurred_start": "2026-11-05"}
    for what, fields in [
        ("header", head),
        ("summary", {"summary": "short"}),
        ("metadata", {"metadata": "Lead: Alice"}),
    ]:
        where = url("incident-edit", incident, what)
        assert at_work.get(where).status_code == 200
        incident.refresh_from_db()
        assert at_work.post(where, {"seen": incident.version, **fields}).status_code == 302
    incident.refresh_from_db()
    assert (incident.title, incident.severity, incident.zone, incident.language) == ("Another", "S2", "UTC", "fr")
    assert incident.occurred_end is None
    assert (incident.summary, incident.metadata) == ("short", [{"label": "Lead", "value": "Alice"}])


def test_a_zone_that_means_several_is_refused(at_work, incident):
    fields = {"title": "x", "zone": "IST", "language": "en", "seen": 1}
    answer = at_work.post(url("incident-edit", incident, "header"), fields)
    assert answer.status_code == 422
    assert "IST is no zone, or means several." in answer.content.decode()


def test_a_record_is_taken_out_and_put_back_from_the_page(at_work, incident, by):
    lesson = actions.add_lesson(incident, by=by, text="a lesson")
    at_work.post(url("record-remove", incident, "lesson", lesson.pk))
    assert "1 taken out" in at_work.get(f"/incidents/{incident.pk}/").content.decode()
    assert not Lesson.objects.here().exists()
    at_work.post(url("record-put-back", incident, "lesson", lesson.pk), headers=HTMX)
    assert Lesson.objects.here().count() == 1


def test_an_action_is_declared_done_and_reopened_by_one_button(at_work, incident, by):
    action = actions.add_action(incident, by=by, text="a cold copy")
    for to in ("done", "open", "in_progress", "dropped"):
        at_work.post(url("action-mark", incident, action.pk), {"to": to})
        assert Action.objects.get().state == to
    assert at_work.post(url("action-mark", incident, action.pk), {"to": "proven"}, follow=True).status_code == 200
    marks = [e for e in Entry.objects.of(incident) if e.facts.get("record") == f"action:{action.pk}"][1:]
    assert [e.action for e in marks] == ["action.done", "action.open", "action.in_progress", "action.dropped"]


def test_a_secret_that_is_typed_is_taken_out_and_one_is_told(at_work, incident):
    answer = at_work.post(url("record-add", incident, "lesson"), {"text": "do not log\npassword=hunter2"}, follow=True)
    assert Lesson.objects.get().text == "do not log\npassword=[redacted]"
    assert "line 2, before it was saved" in answer.content.decode()


def test_a_record_of_another_incident_is_not_found(at_work, incident, by):
    other = actions.open_incident("other", by=by)
    lesson = actions.add_lesson(other, by=by, text="a")
    assert at_work.get(url("record-edit", incident, "lesson", lesson.pk)).status_code == 404
    assert at_work.get(url("record-add", incident, "nonsense")).status_code == 404
    assert at_work.get(url("incident-edit", incident, "nonsense")).status_code == 404


def test_an_incident_is_opened_with_a_title_alone(on_call):
    answer = on_call.post(reverse("incident-new"), {"title": "The disk is full", "language": "en"})
    made = Incident.objects.get()
    assert answer.url == f"/incidents/{made.pk}/"
    assert (made.title, made.state, made.zone_source) == ("The disk is full", "ongoing", "assumed")
    assert on_call.post(reverse("incident-new"), {"title": "", "language": "en"}).status_code == 422


def test_an_entry_may_have_a_zone_of_its_own_and_lose_it_again(at_work, incident, by):
    entry = actions.add_entry(incident, by=by, token="20:46", start="2026-11-05T20:46", precision="exact", text="x")
    fields = {"token": "20:46", "text": "x", "start": "2026-11-05 20:46", "precision": "exact"}
    edited(at_work, entry, "entry", zone="UTC", **fields)
    entry.refresh_from_db()
    assert (entry.zone, entry.zone_source, entry.at.hour) == ("UTC", "row", 20)
    edited(at_work, entry, "entry", zone="", **fields)
    entry.refresh_from_db()
    assert (entry.zone, entry.zone_source, entry.at.hour) == ("Europe/Paris", "stated", 19)
    assert edited(at_work, entry, "entry", zone="BST", **fields).status_code == 422


def test_a_zone_that_is_typed_with_the_time_is_the_entrys_own(at_work, incident):
    at_work.post(url("record-add", incident, "entry"), {"token": "20:46 UTC", "text": "x"})
    entry = TimelineEntry.objects.get()
    assert (entry.zone, entry.zone_source, entry.at.hour) == ("UTC", "row", 20)


def test_a_day_that_is_set_replaces_the_one_that_was_written(at_work, incident, by):
    action = actions.add_action(incident, by=by, text="x", due_raw="next week")
    edited(at_work, action, "action", text="x", kind="corrective", due="2026-11-14")
    action.refresh_from_db()
    assert (action.due.isoformat(), action.due_raw) == ("2026-11-14", "")


def test_forms_that_are_open_at_once_do_not_share_their_names(at_work, incident, by):
    lesson = actions.add_lesson(incident, by=by, text="x")
    one = at_work.get(url("record-edit", incident, "lesson", lesson.pk), headers=HTMX).content.decode()
    two = at_work.get(url("record-add", incident, "cause"), headers=HTMX).content.decode()
    ids = re.findall(r'<(?:input|textarea|select)[^>]* id="([^"]+)"', one + two)
    assert len(ids) == len(set(ids)) == 5


def test_what_one_wrote_of_a_record_that_was_taken_out_is_still_there(at_work, bob, incident, by):
    lesson = actions.add_lesson(incident, by=by, text="old")
    browser(bob).post(url("record-remove", incident, "lesson", lesson.pk))
    page = edited(at_work, lesson, "lesson", text="what Alice wrote").content.decode()
    assert "Somebody took this out meanwhile." in page
    assert f'action="{url("record-add", incident, "lesson")}"' in page
    assert "what Alice wrote</textarea>" in page
