"""What a person sees of runbooks and runs, and what they can press."""

from __future__ import annotations

import re

import pytest
from django.urls import reverse

from cluster.api import ClaimRef
from incidents.actions import open_incident
from incidents.models import Incident
from people.actors import person
from runbooks import actions, sentences
from runbooks.acts.data import Extract
from runbooks.base import shelf
from runbooks.library.fix_permissions import FixPermissions
from runbooks.library.reattach_volume import ReattachVolume
from runbooks.library.restore_volume import RestoreVolume
from runbooks.library.snapshot_volume import SnapshotVolume
from runbooks.models import Run
from runbooks.spine import Row, counted
from tests.runbooks.conftest import drafted, finish, point_of, started

pytestmark = pytest.mark.django_db


@pytest.fixture
def signed_in(client, alice):
    client.force_login(alice)
    return client


@pytest.fixture
def draft(world, volume, by):
    return drafted(SnapshotVolume(volume=volume.pk, quiet=True), world, by=by)


def test_every_runbook_has_its_page(signed_in, volume):
    page = signed_in.get(reverse("runbooks")).text
    for slug in ("snapshot-volume", "restore-volume", "fix-permissions", "archive-volume"):
        assert reverse("runbook", args=[slug]) in page
        assert signed_in.get(reverse("runbook", args=[slug])).status_code == 200
    assert signed_in.get(reverse("runbook", args=["rm-rf"])).status_code == 404


def test_the_shelf_is_in_the_order_of_an_outage(signed_in, volume):
    page = signed_in.get(reverse("runbooks")).text
    order = [
        "Stop it getting worse", "suspend-sync", "pause-gitops",
        "Bring it back", "restore-volume", "rebind-released", "fix-permissions", "roll-back-security",
        "reattach-volume", "recovery-pod",
        "Keep a copy", "snapshot-volume", "archive-volume",
        "Back to normal", "resume-sync", "resume-gitops",
        "Clean up", "purge-kept",
    ]  # fmt: skip
    places = [page.find(word if " " in word else reverse("runbook", args=[word])) for word in order]
    assert places == sorted(places)
    assert -1 not in places
    assert set(order) >= set(shelf())


def test_a_viewer_reads_the_shelf_and_is_led_nowhere_they_may_not_be(client, carol):
    client.force_login(carol)
    page = client.get(reverse("runbooks")).text
    assert "Restore a volume" in page
    assert reverse("runbook", args=["restore-volume"]) not in page


def test_only_what_destroys_is_marked_as_such(signed_in, volume):
    page = signed_in.get(reverse("runbooks")).text
    marked = [item for item in page.split("<li>") if "destroys, no way back" in item]
    assert ["/purge-kept/" in item for item in marked] == [True]


def test_a_form_asks_for_every_parameter_and_says_what_is_missing(signed_in, volume):
    answer = signed_in.post(reverse("runbook", args=["restore-volume"]), {"volume": volume.pk})
    assert answer.status_code == 422
    assert Run.objects.count() == 0


@pytest.mark.parametrize("volume", ["x", "-1", "999999", "9" * 40, "1 OR 1=1", ""])
def test_a_volume_that_is_none_is_refused_with_a_sentence(signed_in, db, volume):
    for method in (signed_in.get, signed_in.post):
        answer = method(reverse("runbook", args=["restore-volume"]), {"volume": volume})
        assert answer.status_code in (200, 422)


def test_drafting_goes_to_the_run(signed_in, volume):
    answer = signed_in.post(reverse("runbook", args=["snapshot-volume"]), {"volume": volume.pk})
    run = Run.objects.get()
    assert answer.url == reverse("run", args=[run.pk])
    assert run.state == "looking"
    assert "every 1s" in signed_in.get(answer.url).text


def test_a_run_is_drafted_for_an_incident_that_is_not_closed(signed_in, volume, by):
    open_, closed = (open_incident(title=title, language="en", by=by) for title in ("It is down", "Long ago"))
    Incident.objects.filter(pk=closed.pk).update(state="closed")
    address = reverse("runbook", args=["snapshot-volume"])
    assert signed_in.post(address, {"volume": volume.pk, "incident": closed.pk}).status_code == 422
    assert signed_in.post(address, {"volume": volume.pk, "incident": open_.pk}).status_code == 302
    assert Run.objects.get().incident == open_


def test_the_runs_of_one_incident_can_be_listed(signed_in, draft, volume, by):
    incident = open_incident(title="It is down", language="en", by=by)
    mine = actions.draft(SnapshotVolume(volume=volume.pk), by=by, incident=incident)
    page = signed_in.get(reverse("runs"), {"incident": incident.pk}).text
    assert reverse("run", args=[mine.pk]) in page
    assert reverse("run", args=[draft.pk]) not in page
    assert reverse("run", args=[draft.pk]) in signed_in.get(reverse("runs"), {"incident": "x"}).text


def test_only_points_of_the_volume_are_offered(signed_in, world, volume, by):
    point = point_of(volume, world, by)
    page = signed_in.get(reverse("runbook", args=["restore-volume"]), {"volume": volume.pk}).text
    assert f'value="{point.pk}"' in page


def test_a_draft_shows_the_plan_and_asks_for_the_name(signed_in, draft):
    page = signed_in.get(reverse("run", args=[draft.pk])).text
    assert "Scale home/home-assistant from 1 to 0" in page
    assert 'name="typed"' in page
    assert "hx-trigger" not in page.split('id="run-')[1].split(">")[0]


def test_a_wrong_name_is_told_and_starts_nothing(signed_in, draft):
    answer = signed_in.post(reverse("run-start", args=[draft.pk]), {"typed": "home"})
    assert answer.status_code == 422
    assert "Type the name exactly" in answer.text
    draft.refresh_from_db()
    assert draft.state == "draft"


def test_only_the_plan_that_was_read_is_started(signed_in, world, draft, root):
    """Somebody else looked again while the plan was read: the new one must be read first."""
    read = signed_in.get(reverse("run", args=[draft.pk])).text
    sent = {"typed": str(draft.volume), "looks": re.search(r'name="looks" value="(\d+)"', read)[1]}
    actions.look_again(draft, by=person(root))
    assert finish(draft, world) == "draft"
    answer = signed_in.post(reverse("run-start", args=[draft.pk]), sent)
    assert (answer.status_code, "Somebody looked again" in answer.text) == (422, True)
    draft.refresh_from_db()
    assert draft.state == "draft"
    seen = signed_in.post(reverse("run-start", args=[draft.pk]), sent | {"looks": str(draft.looks)})
    assert seen.status_code == 302


def test_a_double_click_makes_one_run(signed_in, draft, knocks):
    for _ in range(2):
        answer = signed_in.post(reverse("run-start", args=[draft.pk]), {"typed": str(draft.volume)})
        assert answer.url == reverse("run", args=[draft.pk])
    assert Run.objects.filter(state="queued").count() == 1


def test_the_second_of_two_people_gets_a_link_to_the_first_ones_run(signed_in, world, volume, draft, root):
    other = drafted(SnapshotVolume(volume=volume.pk, quiet=True), world, by=person(root))
    actions.start(other, typed=str(volume), by=person(root))
    answer = signed_in.post(reverse("run-start", args=[draft.pk]), {"typed": str(volume)})
    assert answer.status_code == 422
    assert reverse("run", args=[other.pk]) in answer.text


def test_htmx_gets_the_part_that_moves(signed_in, volume, by):
    run = actions.draft(SnapshotVolume(volume=volume.pk), by=by)
    part = signed_in.get(reverse("run", args=[run.pk]), headers={"HX-Request": "true"}).text
    assert part.lstrip().startswith(f'<div id="run-{run.pk}"')


def test_a_run_that_is_over_does_not_ask_again(signed_in, world, volume, by):
    run = started(SnapshotVolume(volume=volume.pk), world, by=by)
    finish(run, world)
    page = signed_in.get(reverse("run", args=[run.pk])).text
    assert "every 1s" not in page
    assert 'http-equiv="refresh"' not in page


def test_a_responder_may_draft_and_not_start(client, bob, draft):
    client.force_login(bob)
    page = client.get(reverse("run", args=[draft.pk])).text
    assert "An operator can start this run" in page
    assert client.post(reverse("run-start", args=[draft.pk]), {"typed": str(draft.volume)}).status_code == 403


def test_a_viewer_sees_and_presses_nothing(client, carol, draft):
    client.force_login(carol)
    page = client.get(reverse("run", args=[draft.pk])).text
    assert "Scale home/home-assistant from 1 to 0" in page
    assert "<button" not in page.split('id="run-')[1].split("</main>")[0]


def test_pressing_stop_on_a_run_that_ended_meanwhile_shows_it(signed_in, world, volume, by):
    run = started(SnapshotVolume(volume=volume.pk), world, by=by)
    finish(run, world)
    answer = signed_in.post(reverse("run-cancel", args=[run.pk]))
    run.refresh_from_db()
    assert (answer.status_code, run.state) == (302, "done")


def test_a_restore_shows_bytes_and_files_and_can_be_taken_back(signed_in, world, volume, by):
    point = point_of(volume, world, by)
    run = started(RestoreVolume(volume=volume.pk, point=point.pk), world, by=by)
    finish(run, world)
    page = signed_in.get(reverse("run", args=[run.pk])).text
    assert reverse("run-undo", args=[run.pk]) in page
    assert signed_in.post(reverse("run-undo", args=[run.pk])).status_code == 302
    assert finish(run, world) == "undone", run.why


def test_a_refused_run_says_why_and_that_nothing_was_changed(signed_in, world, volume, by):
    run = actions.draft(FixPermissions(volume=999), by=by)
    assert finish(run, world) == "refused"
    page = signed_in.get(reverse("run", args=[run.pk])).text
    assert "Nothing was changed" in page


@pytest.mark.parametrize(
    ("problem", "said"),
    [
        ({"code": "count-files", "path": "", "wanted": 2000, "found": 7}, "7 files, where 2,000 were promised"),
        ({"code": "sentinel-missing", "path": ".storage/auth", "wanted": 0, "found": 0}, "Not there, and must be:"),
        ({"code": "of-another-day"}, "of-another-day"),
    ],
)
def test_what_was_not_verified_is_said(problem, said):
    assert sentences.problem(problem).replace("\u202f", ",") == said


def test_a_re_attached_volume_offers_nothing_to_take_back(signed_in, world, volume, by):
    run = started(ReattachVolume(volume=volume.pk), world, by=by)
    assert finish(run, world) == "done"
    page = signed_in.get(reverse("run", args=[run.pk])).text
    assert "Take it all back" not in page
    assert "If you take it back" not in page


def test_a_list_of_runs_costs_no_more_queries_with_more_rows(signed_in, volume, by, django_assert_max_num_queries):
    for _ in range(60):
        actions.draft(SnapshotVolume(volume=volume.pk), by=by)
    with django_assert_max_num_queries(12):
        page = signed_in.get(reverse("runs")).text
    assert "?before=" in page


@pytest.mark.parametrize(
    ("told", "bar"),
    [
        ({"bytes": 5, "of_bytes": 9, "files": 1, "of_files": 2}, (5, 9)),
        ({"bytes": 5, "files": 1}, (5, 900)),
        ({"files": 4, "of_files": 8}, (4, 8)),
        ({"files": 4}, None),
        ({"bytes": 1000}, (900, 900)),
        ({}, None),
    ],
)
def test_a_bar_is_of_what_the_agent_counts_and_of_the_plan_where_it_does_not_know(told, bar):
    act = Extract(ClaimRef("home", "config"), "snapshot", "s", {}, 0, 900, "", "am-1")
    assert Row(1, "", "now", progress=counted(told, act)).fraction == bar
