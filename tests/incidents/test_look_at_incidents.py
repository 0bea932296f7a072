"""Everybody may look: at the list, at one, at a thousand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from incidents import actions
from incidents.models import Action, Appendix, Cause, Incident, Lesson, Reference, TimelineEntry
from tests.incidents.conftest import browser

pytestmark = pytest.mark.django_db
LIST = "/incidents/"


def many(count, **fields):
    start = datetime(2026, 1, 1, tzinfo=UTC)
    Incident.objects.bulk_create(
        Incident(title=f"number {n:04}", opened=start + timedelta(hours=n), **fields) for n in range(count)
    )


def queries(client, url):
    with CaptureQueriesContext(
        connection,
    ) as context:
        assert client.get(url).status_code == 200
    return len(context)


def titles(answer):
    return [incident.title for incident in answer.context["rows"]]


def test_a_list_costs_no_more_queries_with_more_rows(looking):
    many(3)
    few = queries(looking, LIST)
    many(300)
    assert queries(looking, LIST) == few


def fill(incident, count):
    for kind, text in (
        (TimelineEntry, "text"),
        (Cause, "text"),
        (Action, "text"),
        (Lesson, "text"),
        (Appendix, "text"),
    ):
        kind.objects.bulk_create(kind(incident=incident, position=n, **{text: f"**{n}** words"}) for n in range(count))
    Reference.objects.bulk_create(Reference(incident=incident, position=n, kind="pr", ref="#1") for n in range(count))


def test_a_page_costs_no_more_queries_with_more_records(at_work, incident):
    url = reverse("incident", args=[incident.pk])
    fill(incident, 2)
    few = queries(at_work, url)
    fill(incident, 60)
    assert queries(at_work, url) == few


def test_one_can_go_through_a_thousand_and_back_and_see_each_once(looking):
    many(1000)
    seen, url = [], LIST
    for _ in range(30):
        answer = looking.get(url)
        seen += titles(answer)
        if not answer.context["older"]:
            break
        url = f"{LIST}?before={answer.context['older'].replace('+', '%2B')}"
    assert seen == [f"number {n:04}" for n in reversed(range(1000))]
    back = looking.get(f"{LIST}?after={answer.context['newer'].replace('+', '%2B')}")
    assert titles(back) == seen[-100:-50]


@pytest.mark.parametrize(
    "asked",
    [
        "before=x",
        "before=2026-01-01~x",
        "after=~",
        "before=2026-01-01T00:00~99999999999999999999",
        "q=%00",
        "state=x&severity=y",
    ],
)
def test_a_strange_address_is_no_accident(looking, asked):
    many(2)
    assert looking.get(f"{LIST}?{asked}").status_code == 200


def test_filters_keep_what_they_say(looking, by):
    many(2)
    many(1, state="resolved", severity="S2")
    found = Incident.objects.get(state="resolved")
    actions.add_cause(found, by=by, kind="root", title="", text="a switch lost its power")
    assert len(titles(looking.get(f"{LIST}?state=resolved"))) == 1
    assert len(titles(looking.get(f"{LIST}?severity=S2"))) == 1
    assert titles(looking.get(f"{LIST}?q=switch power")) == [found.title]
    assert titles(looking.get(f"{LIST}?q=nothing")) == []
    actions.remove(Cause.objects.get(), by=by)
    assert titles(looking.get(f"{LIST}?q=switch")) == []


def test_who_may_only_look_is_offered_nothing_to_change(looking, incident):
    page = looking.get(reverse("incident", args=[incident.pk])).content.decode()
    assert incident.title in page
    assert "Edit" not in page
    assert "Add to the timeline" not in page
    assert "New incident" not in looking.get(LIST).content.decode()


def test_who_may_only_look_is_refused_what_would_change(looking, incident):
    for name, args in [
        ("incident-new", []), ("incident-import", []), ("incident-edit", [incident.pk, "summary"]),
        ("record-add", [incident.pk, "entry"]),
    ]:  # fmt: skip
        assert looking.get(reverse(name, args=args)).status_code == 403, name
    assert looking.post(reverse("incident-move", args=[incident.pk]), {"to": "resolved"}).status_code == 403


def test_nothing_empty_is_shown(looking, by):
    bare = actions.open_incident("bare", by=by)
    page = looking.get(reverse("incident", args=[bare.pk])).content.decode()
    for heading in ("h-summary", "h-metadata", "x-documents"):
        assert f'id="{heading}"' not in page
    for part in ("entry", "cause", "action", "lesson", "reference", "appendix"):
        assert f'id="part-{part}" aria-labelledby="h-{part}" hidden' in page


def test_a_written_time_is_a_hover_away_and_shown_in_the_readers_zone(carol, incident, by):
    actions.add_entry(incident, by=by, token="20 h 46", start="2026-11-05T20:46", precision="exact", text="x")
    carol.zone = "America/New_York"
    carol.save()
    page = browser(carol).get(reverse("incident", args=[incident.pk])).content.decode()
    assert '<time datetime="2026-11-05T19:46:00+00:00" title="As written: 20 h 46 Europe/Paris">14:46</time>' in page


def test_what_people_wrote_is_shown_without_becoming_the_page(looking, incident, by):
    actions.add_lesson(
        incident, by=by, text="<script>alert(1)</script> [x](javascript:alert(1)) ![p](https://evil/p.png)"
    )
    actions.edit(incident, {"title": "<b>bold</b>"}, seen=1, by=by)
    page = looking.get(reverse("incident", args=[incident.pk])).content.decode()
    assert "<script>alert" not in page
    assert "<b>bold</b>" not in page
    assert 'href="javascript' not in page
    assert "<img" not in page


SHAPES = {
    "> " * 400 + "deep": "deep",
    "- " * 200 + "deep": "deep",
    "# head\n\nwords": "words",
    "x" * 300_000 + "**z": "**z",
}


@pytest.mark.parametrize("text", SHAPES, ids=lambda text: text[:6])
def test_text_of_any_shape_is_shown_to_its_last_word(looking, incident, by, text):
    actions.add_lesson(incident, by=by, text=text)
    page = looking.get(reverse("incident", args=[incident.pk])).content.decode()
    assert f"{SHAPES[text]}</p" in page or f"{SHAPES[text]}</pre" in page
