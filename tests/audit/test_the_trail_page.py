"""Reading the trail: by who, what, about what and when, page by page; and asking whether it is whole."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.urls import reverse

from audit import verify
from audit.models import Entry, record
from audit.sentences import say, sentence
from people.actors import COMMAND, ENGINE, Actor
from tests.audit.tampering import hands_on

pytestmark = pytest.mark.django_db
ALICE, BOB = Actor("person", "alice"), Actor("person", "bob")


@pytest.fixture
def reader(client, carol):
    client.force_login(carol)
    return client


def text(client, address="/trail/", **more):
    return client.get(address, **more).content.decode()


def test_an_empty_trail_says_so(reader):
    assert "Nothing was done yet" in text(reader)


def test_what_is_known_is_a_sentence_and_what_is_not_is_shown_by_its_name(reader, carol):
    record("person.changed-role", carol, by=ALICE, was="viewer", role="operator")
    record("gate.lifted", "gate:7", by=ENGINE, height=3)
    page = text(reader)
    assert "changed the role of carol from viewer to operator" in page
    assert "gate.lifted gate:7" in page
    assert "height 3" in page
    assert "<b>Aftermath</b>" in page


def test_a_sentence_whose_facts_are_missing_falls_back():
    entry = record("person.changed-role", "user:1", by=ALICE)
    assert sentence(entry) == "person.changed-role user:1"
    say("test.broken", lambda entry: entry.facts["never"])
    assert sentence(record("test.broken", "x", by=ALICE)) == "test.broken x"


def test_what_people_wrote_is_never_markup(reader):
    record("<script>alert(1)</script>", "<b>x</b>", by=Actor("person", "<i>eve"), fact="<img src=x>")
    page = text(reader)
    for raw in ("<script>alert", "<b>x</b>", "<i>eve", "<img"):
        assert raw not in page


@pytest.fixture
def some(db):
    start = datetime(2026, 3, 1, 23, 30, tzinfo=UTC)
    for n in range(1, 8):
        by = ALICE if n % 2 else BOB
        record("run.started" if n < 5 else "incident.opened", f"run:{n}", by=by, at=start + timedelta(hours=n))


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("", [7, 6, 5, 4, 3, 2, 1]),
        ("who=alice", [7, 5, 3, 1]),
        ("who=ALICE", [7, 5, 3, 1]),
        ("what=run", [4, 3, 2, 1]),
        ("what=run.started", [4, 3, 2, 1]),
        ("what=run.start", []),
        ("subject=run:3", [3]),
        ("who=bob&what=incident", [6]),
        ("day=2026-03-02", [7, 6, 5, 4, 3, 2, 1]),
        ("day=2026-03-01", []),
        ("before=3", [2, 1]),
        ("after=5", [7, 6]),
    ],
)
def test_one_finds_what_one_asks_for(reader, some, query, shown):
    page = text(reader, f"/trail/?{query}")
    assert [n for n in range(9, 0, -1) if f'id="entry-{n}"' in page] == shown


def test_a_day_is_the_readers_day(reader, carol, some):
    carol.zone = "America/New_York"
    carol.save()
    assert 'id="entry-1"' in text(reader, "/trail/?day=2026-03-01")


@pytest.mark.parametrize(
    "query",
    [
        "day=yesterday",
        "day=2026-02-31",
        "before=x",
        "after=-1",
        "before=99999999999999999999",
        "day=0001-01-01",
        "day=9999-12-31",
    ],
)
def test_what_cannot_be_understood_is_left_out_and_said(reader, some, query):
    page = reader.get(f"/trail/?{query}")
    assert page.status_code == 200
    assert "it was left out" in page.content.decode()


def test_odd_bytes_in_the_address_are_no_accident(reader, some):
    assert reader.get("/trail/?who=%00&what=%FF&subject=%ED%A0%80").status_code == 200


def test_one_turns_pages_there_and_back(reader):
    for n in range(120):
        record("door.opened", f"door:{n}", by=ALICE)
    first = text(reader)
    assert 'id="entry-120"' in first
    assert 'id="entry-70"' not in first
    assert "before=71" in first
    second = text(reader, "/trail/?before=71")
    assert 'id="entry-70"' in second
    assert "after=70" in second
    back = text(reader, "/trail/?after=70")
    assert 'id="entry-120"' in back
    assert 'id="entry-71"' in back


def test_a_page_of_a_long_trail_asks_no_more_than_one_of_a_short(reader, django_assert_max_num_queries):
    record("door.opened", "door:1", by=ALICE)
    with django_assert_max_num_queries(12):
        text(reader)
    for n in range(60):
        record("door.opened", f"door:{n}", by=ALICE)
    with django_assert_max_num_queries(12):
        text(reader)


def test_a_fragment_is_the_entries_alone(reader, some):
    part = text(reader, "/trail/?who=bob", headers={"hx-request": "true"})
    assert part.lstrip().startswith('<div id="entries">')
    assert "<html" not in part


def test_the_chain_is_checked_by_a_press(reader, some):
    assert "Not checked yet" in text(reader)
    assert reader.post(reverse("trail-verify")).url == "/trail/"
    page = text(reader)
    assert "7 of 7 seals fit" in page
    with hands_on() as cursor:
        cursor.execute("UPDATE audit_entry SET actor = 'eve' WHERE seq = 3")
    part = reader.post(reverse("trail-verify"), headers={"hx-request": "true"}).content.decode()
    assert "Does not hold" in part
    assert "from entry 3 on" in part


def test_a_long_check_goes_on_by_itself_and_by_a_button(reader, some, monkeypatch):
    monkeypatch.setattr(verify, "CHUNK", 2)
    monkeypatch.setattr(verify, "SECONDS", 0)
    verify.step(by=COMMAND, seconds=0)
    page = text(reader)
    assert "2 of 7 seals fit so far" in page
    assert 'hx-trigger="load' in page
    assert "Go on" in page


def test_of_a_million_entries_a_page_is_read_by_number(reader, some):
    plan = Entry.objects.filter(seq__lt=5).order_by("-seq")[:51].explain()
    assert "SCAN audit_entry\n" not in plan
