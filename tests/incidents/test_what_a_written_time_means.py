"""A local time and a zone make an instant, or none: nothing is guessed."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from incidents import timeline
from incidents.written_times import meaning

DAY = datetime(2026, 2, 6).date()


@pytest.mark.parametrize(
    ("local", "zone", "utc"),
    [
        ("2026-02-06T17:40", "UTC", "17:40"),
        ("2026-02-06T17:40:09", "Z", "17:40"),
        ("2026-02-06T17:40", "Europe/Paris", "16:40"),
        ("2026-02-06T17:40", "CET", "16:40"),
        ("2026-07-06T17:40", "CEST", "15:40"),
        ("2026-07-06T17:40", "UTC+2", "15:40"),
        ("2026-07-06T17:40", "+05:30", "12:10"),
        ("2026-07-06T17:40", "-03:00", "20:40"),
    ],
)
def test_a_zone_that_says_one_thing_gives_an_instant(local, zone, utc):
    assert timeline.instant(local, zone).strftime("%H:%M") == utc


@pytest.mark.parametrize(
    ("local", "zone"),
    [
        ("2026-02-06T17:40", ""),
        ("2026-02-06T17:40", "IST"),
        ("2026-02-06T17:40", "EST"),
        ("2026-02-06T17:40", "local time"),
        ("2026-02-06T17:40", "Europe/Atlantis"),
        ("2026-02-06T17:40", "../../etc/passwd"),
        ("2026-02-06T17:40", "CEST"),  # not in winter
        ("2026-07-06T17:40", "CET"),  # not in summer
        ("2026-10-25T02:30", "Europe/Paris"),  # twice
        ("2026-03-29T02:30", "Europe/Paris"),  # never
        ("2026-02-06", "UTC"),
        ("", "UTC"),
        ("nonsense", "UTC"),
        ("2026-02-06T17:40", "UTC+99"),
        ("0001-01-01T00:10", "Asia/Tokyo"),
    ],
)
def test_anything_else_gives_none(local, zone):
    assert timeline.instant(local, zone) is None


@given(st.text(max_size=30), st.text(max_size=30))
def test_no_text_breaks_it(local, zone):
    timeline.instant(local, zone)
    timeline.place_of(zone)


@given(st.datetimes(datetime(1990, 1, 1), datetime(2037, 1, 1)), st.sampled_from(["UTC", "UTC+2", "Asia/Kolkata"]))
def test_an_instant_said_in_its_zone_is_the_local_time_again(local, zone):
    text = local.isoformat(timespec="seconds")
    found = timeline.instant(text, zone)
    assert found.astimezone(timeline.place_of(zone)).replace(tzinfo=None).isoformat(timespec="seconds") == text


@given(st.lists(st.integers(0, 10_000), max_size=12), st.integers(0, 10_000))
def test_among_entries_in_order_a_new_one_keeps_the_order(minutes, new):
    stand = [(datetime.fromtimestamp(m * 60, UTC), "x") for m in sorted(minutes)]
    at = datetime.fromtimestamp(new * 60, UTC)
    index = timeline.place(stand, at, "x")
    assert all(other <= at for other, _ in stand[:index])
    assert all(other > at for other, _ in stand[index:])


@pytest.mark.parametrize(
    ("token", "start", "end", "precision", "offset"),
    [
        ("20:46", "2026-02-06T20:46", "", "exact", None),
        ("~20:30", "2026-02-06T20:30", "", "approximate", None),
        ("20:46–21:05", "2026-02-06T20:46", "2026-02-06T21:05", "exact", None),
        ("J+1 08:00", "2026-02-07T08:00", "", "exact", 1),
        ("01:15", "2026-02-07T01:15", "", "exact", None),
        ("2026-02-08 12:00", "2026-02-08T12:00", "", "exact", None),
        ("later", "", "", "none", None),
    ],
)
def test_what_somebody_types_is_read_as_a_document_is(token, start, end, precision, offset):
    meant = meaning(token, "en", DAY, None, previous="2026-02-06T19:00" if token != "01:15" else "2026-02-06T22:45")
    assert (meant.start, meant.end, meant.precision, meant.day_offset) == (start, end, precision, offset)
