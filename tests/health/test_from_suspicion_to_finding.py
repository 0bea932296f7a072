"""Seen twice before it counts, clean three times before it is over, and never over because nobody could look."""

from __future__ import annotations

import dataclasses
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.models import Entry
from backups.models import Volume
from health.base import CHECKS, Check, Judgement, Result, judge, say
from health.findings import Track, apply, step
from health.models import Finding
from health.rules import all_checks
from tests.health.views import NOW, crashed, healthy, observed, view

CHECK = {check.name: check for check in all_checks()}["crash-loop"]
SUBJECT = "workload:home/Deployment/app"
TICK = timedelta(seconds=3)


def walk(verdicts: str, check: Check = CHECK) -> list[str]:
    """The state after each look; f, w, o, u, n for the verdicts."""
    names = {"f": "fail", "w": "warn", "o": "ok", "u": "unknown", "n": "nothing"}
    track, states = Track(), []
    for number, letter in enumerate(verdicts):
        track = step(track, names[letter], NOW + number * TICK, check)
        states.append(track.state)
        track = Track() if track.state in ("none", "resolved") else track
    return states


@pytest.mark.parametrize(
    ("seen", "end"),
    [
        ("f", "suspected"),
        ("ff", "open"),
        ("fof", "suspected"),
        ("fuf", "open"),
        ("ffo", "open"),
        ("ffoo", "open"),
        ("ffooo", "resolved"),
        ("ffoofooo", "resolved"),
        ("ffoofoo", "open"),
        ("ffuuuuuuuu", "open"),
        ("ffnnnnnnnn", "open"),
        ("ffouou", "open"),
        ("wf", "open"),
        ("ffw", "open"),
    ],
)
def test_the_way_of_a_finding(seen, end):
    assert walk(seen)[-1] == end


@given(st.text("fwoun", max_size=30))
def test_nothing_opens_on_one_look_and_nothing_ends_in_fewer_than_three_clean_ones(seen):
    track, fails, clean = Track(), 0, 0
    for number, letter in enumerate(seen):
        verdict = {"f": "fail", "w": "warn", "o": "ok", "u": "unknown", "n": "nothing"}[letter]
        after = step(track, verdict, NOW + number * TICK, CHECK)
        fails = fails + 1 if letter in "fw" else 0 if letter == "o" else fails
        clean = clean + 1 if letter == "o" else 0 if letter in "fw" else clean
        if track.state != "open" and after.state == "open":
            assert fails >= 2
        if after.state == "resolved":
            assert clean >= 3
        if letter in "un":
            assert after == track
        track = Track() if after.state in ("none", "resolved") else after


def test_the_same_data_looked_at_twice_count_once():
    once = step(Track(), "fail", NOW, CHECK)
    assert step(once, "fail", NOW, CHECK) == once
    assert step(once, "fail", NOW + TICK, CHECK).state == "open"


def test_a_check_that_confirms_by_itself_opens_at_once():
    assert walk("f", CHECKS["backup-emptied"]) == ["open"]


# --- The rows


@pytest.fixture
def volume(db):
    return Volume.objects.create(namespace="home", claim="config", sentinels=[".storage/auth"])


def sweeps(*views_, first: int = 0, volume_id: int = 7):
    """One sweep after the other, three seconds apart."""
    for number, each in enumerate(views_, first):
        at = NOW + number * TICK
        seen = observed(dataclasses.replace(each, at=at), now=at)
        seen = dataclasses.replace(seen, volumes=tuple(dataclasses.replace(v, id=volume_id) for v in seen.volumes))
        apply([judge(CHECK, seen)], at)


def test_a_crash_loop_opens_on_the_second_sweep_and_is_in_the_trail(volume):
    sweeps(crashed(), volume_id=volume.pk)
    assert Finding.objects.get().state == "suspected"
    assert not Entry.objects.exists()
    sweeps(crashed(), first=1, volume_id=volume.pk)
    found = Finding.objects.get()
    assert (found.state, found.subject, found.volume) == ("open", SUBJECT, volume)
    assert found.facts["code"] == "crash-loop"
    assert {"path": "home/app-1: status.containerStatuses[app].restartCount", "value": "5"} in found.evidence
    assert [(e.action, e.actor_kind) for e in Entry.objects.order_by("seq")] == [("finding.open", "engine")]


def test_it_ends_after_three_clean_sweeps_and_comes_back_as_another(volume):
    sweeps(crashed(), crashed(), healthy(), healthy(), volume_id=volume.pk)
    assert Finding.objects.get().state == "open"
    sweeps(healthy(), first=4, volume_id=volume.pk)
    ended = Finding.objects.get()
    assert (ended.state, ended.resolved) == ("resolved", NOW + 4 * TICK)
    sweeps(crashed(), crashed(), first=5, volume_id=volume.pk)
    assert Finding.objects.filter(subject=SUBJECT).count() == 2
    assert Finding.objects.get(state="open").first_seen == NOW + 5 * TICK


def test_a_suspicion_that_comes_to_nothing_leaves_no_trace(volume):
    sweeps(crashed(), healthy(), volume_id=volume.pk)
    assert not Finding.objects.exists()
    assert not Entry.objects.exists()


def test_a_blind_sweep_leaves_a_finding_as_it_was_and_says_why(volume):
    blind = view(pods=(), blind={"pods": "forbidden"})
    sweeps(crashed(), crashed(), *[blind] * 6, volume_id=volume.pk)
    found = Finding.objects.get()
    assert found.state == "open"
    assert found.doubt == {"code": "blind", "part": "pods", "reason": "forbidden"}
    sweeps(crashed(), first=8, volume_id=volume.pk)
    assert Finding.objects.get().doubt == {}


def test_scaled_to_nothing_it_is_not_over(volume):
    sweeps(crashed(), crashed(), *[view(pods=())] * 6, volume_id=volume.pk)
    found = Finding.objects.get()
    assert (found.state, found.doubt["code"]) == ("open", "no-pods")


def test_a_subject_that_is_gone_ends_after_three_whole_sweeps(volume):
    gone = view(pods=(), workloads=())
    sweeps(crashed(), crashed(), *[dataclasses.replace(gone, unreadable=1)] * 4, volume_id=volume.pk)
    assert Finding.objects.get().state == "open"
    sweeps(gone, gone, gone, first=6, volume_id=volume.pk)
    assert Finding.objects.get().state == "resolved"


def test_a_check_that_breaks_resolves_nothing(volume):
    sweeps(crashed(), crashed(), volume_id=volume.pk)
    for number in range(2, 8):
        apply([Judgement(CHECK, why=say("check-broke", error="KeyError"))], NOW + number * TICK)
    assert Finding.objects.get().doubt["code"] == "check-broke"
    assert Finding.objects.get().state == "open"


def results(count: int, at, level="fail"):
    return tuple(Result(f"workload:home/Deployment/a{i}", level, say("no-pods", n=i), at) for i in range(count))


def test_a_sweep_costs_no_more_queries_with_more_findings(volume, django_assert_max_num_queries):
    for at in (NOW, NOW + TICK):
        apply([Judgement(CHECK, results(150, at))], at)
    assert Finding.objects.filter(state="open").count() == 150
    with django_assert_max_num_queries(8):
        apply([Judgement(CHECK, results(150, NOW + 2 * TICK))], NOW + 2 * TICK)
    assert set(Finding.objects.values_list("last_seen", flat=True)) == {NOW + 2 * TICK}


def test_a_finding_that_turns_into_a_warning_says_so(volume):
    for number, level in enumerate(("fail", "fail", "warn")):
        at = NOW + number * TICK
        apply([Judgement(CHECK, results(1, at, level))], at)
    assert Finding.objects.get().level == "warn"


def test_the_volume_of_a_finding_may_be_forgotten(volume):
    sweeps(crashed(), crashed(), volume_id=volume.pk)
    volume.delete()
    assert Finding.objects.get().volume is None
