"""Three questions, answered from what was read; what was not read is unknown and never a good answer."""

from __future__ import annotations

import re
from datetime import date, timedelta

import pytest
from django.urls import reverse
from django.utils.timezone import now

from audit.models import record
from backups.models import RecoveryPoint, Scan, Source, Volume
from health.models import Finding, Reading
from incidents.models import Action, Incident
from people.actors import COMMAND, Actor
from runbooks.models import Run

pytestmark = pytest.mark.django_db


@pytest.fixture
def reader(client, carol):
    client.force_login(carol)
    return client


@pytest.fixture
def seen():
    """The cluster and the checks were asked just now."""
    at = now()
    Reading.objects.create(what="cluster", at=at, tried=at, told={"counts": {}, "unreadable": 0})
    Reading.objects.create(
        what="checks",
        at=at,
        tried=at,
        told={"checks": {"crash-loop": {"at": at.isoformat(), "counts": {"ok": 7}, "why": None}}, "unknown": []},
    )
    return at


def answer(client, name):
    """A question as (state, figure, its text)."""
    page = client.get("/").text
    part = re.search(rf'<section class="question (\w+)" aria-labelledby="q-{name}">(.*?)</section>', page, re.S)
    figure = re.search(r'<p class="figure">.*?<span>(.*?)</span>', part[2], re.S)
    said = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", part[2])).replace("\u202f", " ").replace("\u00a0", " ")
    return part[1], figure[1], said


def test_when_nobody_has_looked_nothing_is_fine(reader):
    state, figure, said = answer(reader, "wrong")
    assert (state, figure) == ("unknown", "?")
    assert "Nobody has looked at the cluster yet" in said


def test_when_all_was_asked_and_nothing_fails_it_says_of_how_much(reader, seen):
    state, figure, said = answer(reader, "wrong")
    assert (state, figure) == ("ok", "0")
    assert "7 subjects, asked just now" in said
    assert "Nothing, of all that was asked." in said


@pytest.mark.parametrize("counts", [{}, {"nothing": 3}])
def test_where_nothing_could_be_judged_a_zero_is_not_green(reader, seen, counts):
    told = {"checks": {"crash-loop": {"at": seen.isoformat(), "counts": counts, "why": None}}, "unknown": []}
    Reading.objects.filter(what="checks").update(told=told)
    state, figure, said = answer(reader, "wrong")
    assert (state, figure) == ("none", "0")
    assert "Nothing runs there that could be judged." in said


def test_who_has_no_volume_yet_is_led_to_where_one_is_registered(reader):
    state, figure, said = answer(reader, "back")
    assert (state, figure) == ("none", "0")
    assert "No volume is registered yet" in said
    assert (
        f'<a href="{reverse("recoverability")}">Register the volumes whose data matter</a></p>' in reader.get("/").text
    )


def test_an_old_look_is_unknown_whatever_it_said(reader, seen):
    Reading.objects.update(at=seen - timedelta(minutes=26))
    state, figure, said = answer(reader, "wrong")
    assert (state, figure) == ("unknown", "?")
    assert "The cluster has not been seen for 26 min" in said


def test_incidents_come_first_and_then_findings(reader, seen):
    incident = Incident.objects.create(title="Wiki pages gone", severity="S2", opened=seen - timedelta(minutes=112))
    Incident.objects.create(title="Long over", state="closed")
    volume = Volume.objects.create(namespace="wiki", claim="pages")
    Finding.objects.create(
        check_name="crash-loop",
        subject="workload:wiki/Deployment/wiki",
        state="open",
        level="fail",
        facts={"code": "x"},
        volume=volume,
    )
    Finding.objects.create(check_name="crash-loop", subject="workload:a/Deployment/b", state="suspected")
    state, figure, said = answer(reader, "wrong")
    assert (state, figure) == ("fail", "2")
    assert "1 incident, 1 finding" in said
    assert said.index("Wiki pages gone") < said.index("wiki/wiki")
    assert "1 h 52 min" in said
    assert "Long over" not in said
    assert f'href="/incidents/{incident.pk}/"' in reader.get("/").text


def test_many_findings_are_the_first_and_a_link_to_the_rest(reader, seen, django_assert_max_num_queries):
    for n in range(30):
        Finding.objects.create(check_name="crash-loop", subject=f"workload:a/Deployment/{n}", state="open", facts={})
    _state, figure, said = answer(reader, "wrong")
    assert figure == "30"
    assert "and 24 more" in said


def test_the_page_asks_no_more_with_more_rows(reader, seen, django_assert_max_num_queries):
    def fill(n):
        incident = Incident.objects.create(title=f"{n}")
        Action.objects.create(incident=incident, text="x", due=date(2020, 1, 1))
        volume = Volume.objects.create(namespace="a", claim=f"c{n}")
        source = Source.objects.create(volume=volume, kind="archives", bucket="b", prefix=f"{n}/")
        Scan.objects.create(source=source, complete=True)
        RecoveryPoint.objects.create(volume=volume, source=source, kind="archive", ref="r", taken=now(), bytes=1)
        Finding.objects.create(check_name="crash-loop", subject=f"workload:a/Deployment/{n}", state="open", facts={})

    fill(0)
    with django_assert_max_num_queries(30):
        reader.get("/")
    for n in range(1, 12):
        fill(n)
    with django_assert_max_num_queries(30):
        reader.get("/")


def test_nothing_promised_is_not_a_green_answer(reader):
    state, figure, said = answer(reader, "proven")
    assert (state, figure) == ("none", "0")
    assert "Nothing was promised yet" in said


def test_what_was_declared_done_is_not_proven_by_that(reader):
    incident = Incident.objects.create(title="x", language="fr")
    Action.objects.create(incident=incident, text="Done they say", state="done")
    Action.objects.create(incident=incident, text="Still to do")
    Action.objects.create(incident=incident, text="Quite **late**, `rm`\nwith more", due=date(2020, 1, 1), owner="Bob")
    Action.objects.create(incident=incident, text="Dropped", state="dropped")
    Action.objects.create(incident=incident, text="Taken out", removed=now())
    state, figure, said = answer(reader, "proven")
    assert (state, figure) == ("warn", "3")
    assert "Declared done, with no check to say so" in said
    assert "Quite late, rm" in said
    assert "Bob." in said
    assert "with more" not in said
    assert "Taken out" not in said


def test_a_volume_without_a_copy_is_lost_and_one_that_nobody_listed_is_unknown(reader):
    Volume.objects.create(namespace="wiki", claim="uploads")
    listed = Volume.objects.create(namespace="mail", claim="archive")
    Source.objects.create(volume=listed, kind="archives", bucket="b", prefix="p/")
    state, figure, said = answer(reader, "back")
    assert (state, figure) == ("fail", "2")
    assert "of 2 volumes, 0 within objective" in said
    assert "all of it" in said
    assert "unknown" in said


def test_without_volumes_there_is_nothing_to_ask_about(reader):
    state, _figure, said = answer(reader, "back")
    assert state == "none"
    assert "No volume is registered yet" in said


def test_a_run_that_goes_on_stands_beside(reader):
    volume = Volume.objects.create(namespace="wiki", claim="pages")
    run = Run.objects.create(
        slug="snapshot-volume",
        params={"volume": volume.pk},
        volume=volume,
        state="running",
        started_by="bob",
        started=now(),
    )
    page = reader.get("/").text
    assert "Live run" in page
    assert f'href="/runs/{run.pk}/"' in page
    assert "Started by bob" in page


def test_what_was_done_lately_is_told_without_who_came_and_went(reader):
    record("person.signed-in", "user:1", by=Actor("person", "dora"))
    record("volume.registered", "volume:1", by=COMMAND)
    record("range.broken", "range:practice", by=Actor("person", "erin"), kind="emptied")
    page = reader.get("/").text
    assert "erin broke the practice cluster" in page
    assert "dora" not in page


def test_the_part_that_moves_carries_its_own_trigger(reader):
    part = reader.get("/now/", headers={"hx-request": "true"}).text
    assert part.lstrip().startswith('<div id="now"')
    assert 'hx-get="/now/"' in part
    assert 'hx-trigger="every 3s"' in part
    assert 'hx-swap-oob="true"' in part
    assert "<html" not in part
    assert "csrfmiddlewaretoken" not in part


def test_what_people_wrote_is_never_markup(reader):
    Incident.objects.create(title="<script>alert(1)</script>")
    assert "<script>alert" not in reader.get("/").text
