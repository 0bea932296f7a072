"""A copy counts when it is not empty, not shrunk, and holds its sentinels; only then is anybody calm."""

from __future__ import annotations

import dataclasses
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backups.rules import Copy, Seen, graded, loss, strip

NOW = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
RPO = 6 * HOUR
AUTH = ".storage/auth"
THERE = {AUTH: True}
SURE, UNSURE = Seen(1, True), Seen(1, False, {"code": "incomplete", "source": "archives b/x", "error": "403"})


def copy(hours: float, files: int | None = 100, size: int | None = 1_000_000, **changes) -> Copy:
    told = {"id": int(hours * 60), "source": 1, "kind": "archive", "taken": NOW - hours * HOUR, "files": files}
    return Copy(**{**told, "bytes": size, "sentinels": THERE, **changes})


def grades(*copies: Copy, sentinels=(AUTH,)) -> list[str]:
    """Newest first."""
    return [each.grade for each in graded(copies, sentinels)]


def codes(*copies: Copy) -> set[str]:
    return {fault["code"] for fault in graded(copies, (AUTH,))[0].faults}


def lost(*copies: Copy, sources=(SURE,), rpo=RPO):
    return loss(graded(copies, (AUTH,)), sources, rpo, NOW)


# --- Which are good


def test_the_first_copy_is_good_when_it_holds_something_and_its_sentinels():
    assert grades(copy(1)) == ["good"]
    assert codes(copy(1, files=0, size=0)) == {"empty"}
    assert codes(copy(1, sentinels={AUTH: False})) == {"sentinel-missing"}


@pytest.mark.parametrize(
    ("files", "size", "expected"),
    [
        (90, 1_000_000, set()),
        (89, 1_000_000, {"few-files"}),
        (100, 800_000, set()),
        (100, 799_999, {"few-bytes"}),
        (0, 0, {"empty"}),
        (500, 9_000_000, set()),
    ],
)
def test_it_is_held_against_the_median_of_those_before(files, size, expected):
    assert codes(*[copy(h) for h in (2, 3, 4, 5, 6)], copy(1, files, size)) == expected


def test_only_the_last_five_good_ones_count():
    old = [copy(h, files=1000) for h in (10, 11, 12, 13, 14)]
    new = [copy(h, files=910 - i) for i, h in enumerate((9, 8, 7, 6, 5))]
    assert grades(copy(1, files=850), *new, *old)[0] == "good"


def test_bad_ones_never_become_what_is_usual():
    shrunk = [copy(h, files=10) for h in (1, 2, 3, 4, 5)]
    assert grades(*shrunk, *[copy(h) for h in (6, 7, 8)]) == ["bad"] * 5 + ["good"] * 3


def test_a_person_may_say_that_it_is_meant_to_be_small():
    accepted = copy(2, files=10, accepted=NOW)
    assert grades(copy(1, files=10), accepted, copy(3), copy(4)) == ["good"] * 4


def test_acceptance_makes_no_sentinel_appear():
    assert grades(copy(1, sentinels={AUTH: False}, accepted=NOW)) == ["bad"]


def test_a_snapshot_nobody_looked_into_is_unproven_until_it_was_restored():
    snapshot = copy(1, files=None, sentinels={}, kind="snapshot")
    assert grades(snapshot) == ["unproven"]
    assert grades(dataclasses.replace(snapshot, verified=NOW)) == ["good"]


def test_an_archive_that_was_not_asked_for_its_sentinels_is_unproven():
    assert grades(copy(1, sentinels={})) == ["unproven"]
    assert grades(copy(1, sentinels={}), sentinels=()) == ["good"]


def test_each_source_has_its_own_usual_size():
    assert grades(copy(1, files=10, source=2), copy(2), copy(3)) == ["good"] * 3


# --- What would be lost


@pytest.mark.parametrize(
    ("hours", "state"), [(1, "ok"), (4.7, "ok"), (4.9, "warn"), (6, "warn"), (6.1, "fail"), (100, "fail")]
)
def test_the_age_of_the_newest_good_copy_against_the_objective(hours, state):
    found = lost(copy(hours))
    assert (found.state, found.age) == (state, hours * HOUR)


def test_without_a_copy_everything_would_be_lost():
    assert (lost().state, lost().why["code"]) == ("fail", "no-point")
    assert lost(sources=()).why["code"] == "no-source"


def test_a_newer_bad_copy_does_not_help():
    found = lost(copy(1, files=3), copy(10), copy(11), copy(12))
    assert (found.state, found.best.taken) == ("fail", NOW - 10 * HOUR)


def test_a_source_that_could_not_be_read_is_no_reason_for_calm():
    found = lost(copy(1), sources=(UNSURE,))
    assert (found.state, found.best) == ("unknown", None)
    assert found.maybe.taken == NOW - HOUR
    assert found.why["error"] == "403"


def test_another_source_that_was_read_is():
    found = lost(copy(1, source=2), copy(1.5), sources=(UNSURE, Seen(2, True)))
    assert (found.state, found.best.source) == ("ok", 2)


def test_only_unproven_copies_are_unknown():
    found = lost(copy(1, files=None, sentinels={}, kind="snapshot"))
    assert (found.state, found.why["code"]) == ("unknown", "unproven")


copies = st.builds(
    copy,
    hours=st.floats(0.1, 200),
    files=st.none() | st.integers(0, 200),
    size=st.none() | st.integers(0, 2_000_000),
    id=st.integers(1, 10**6),
    source=st.sampled_from([1, 2]),
    sentinels=st.sampled_from([THERE, {}, {AUTH: False}]),
    verified=st.sampled_from([None, NOW]),
)
many = st.lists(copies, max_size=12, unique_by=lambda each: each.id)


@settings(deadline=None)
@given(many, st.data())
def test_the_order_of_the_copies_changes_nothing(found, data):
    assert graded(data.draw(st.permutations(found)), (AUTH,)) == graded(found, (AUTH,))


@settings(deadline=None)
@given(many)
def test_what_is_not_read_is_never_green(found):
    nobody = (Seen(1, False), Seen(2, False))
    assert loss(graded(found, (AUTH,)), nobody, RPO, NOW).state == "unknown"


@settings(deadline=None)
@given(many)
def test_calm_always_stands_on_a_good_copy_within_the_objective(found):
    marks = graded(found, (AUTH,))
    answer = loss(marks, (SURE, Seen(2, False)), RPO, NOW)
    if answer.state in ("ok", "warn"):
        good = {each.copy.id for each in marks if each.grade == "good" and each.copy.source == 1}
        assert answer.best.id in good
        assert NOW - answer.best.taken <= RPO


def test_the_strip_shows_the_best_of_each_day():
    day = timedelta(days=1)
    found = [copy(1, verified=NOW), copy(1.2, files=0), copy(25), copy(49, files=0)]
    marks = strip(graded(found, (AUTH,)), NOW.date(), drill=NOW.date() - day, days=5)
    assert [mark.what for mark in marks] == ["none", "none", "bad", "made", "verified"]
    assert [mark.drill for mark in marks] == [False, False, False, True, False]
    assert marks[-1].day == date(2026, 11, 23)
