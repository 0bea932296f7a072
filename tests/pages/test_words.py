"""Numbers, sizes, spans and moments, as English and French readers expect them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from django.template import Context, Template
from django.utils import timezone, translation
from hypothesis import given
from hypothesis import strategies as st

from people import words

THIN, KEPT = "\u202f", "\u00a0"
NOW = datetime(2026, 11, 17, 10, 42, tzinfo=UTC)


def shown(text):
    return text.replace(THIN, " ").replace(KEPT, " ")


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "0 s"),
        (42, "42 s"),
        (84, "1 min 24 s"),
        (600, "10 min"),
        (660, "11 min"),
        (3600, "1 h"),
        (6720, "1 h 52 min"),
        (86400, "1 d"),
        (26 * 3600, "1 d 2 h"),
        (9 * 86400, "9 d"),
        (-90, "−1 min 30 s"),
    ],
)
def test_a_span_is_said_in_at_most_two_units(seconds, said):
    assert shown(words.span(seconds)) == said
    assert shown(words.span(timedelta(seconds=seconds))) == said


@pytest.mark.parametrize(
    ("count", "said"),
    [
        (0, "0 B"),
        (512, "512 B"),
        (999, "999 B"),
        (1000, "1.0 kB"),
        (1_900_000, "1.9 MB"),
        (48e9, "48 GB"),
        (9_960, "10 kB"),
        (999_999, "1.0 MB"),
        (5e15, "5 000 TB"),
    ],
)
def test_a_size_is_said_in_its_unit(count, said):
    assert shown(words.size(int(count))) == said


@pytest.mark.parametrize(
    ("back", "said"),
    [
        (0, "just now"),
        (20, "20 s ago"),
        (260, "4 min ago"),
        (7200, "2 h ago"),
        (9 * 86400, "9 d ago"),
        (-300, "in 5 min"),
    ],
)
def test_how_long_ago(back, said):
    assert shown(words.ago(NOW - timedelta(seconds=back), NOW)) == said


def test_thousands_stand_apart_and_never_break():
    assert words.number(18412) == f"18{THIN}412"
    assert words.number(1234567.25, 1) in (f"1{THIN}234{THIN}567.2", f"1{THIN}234{THIN}567.3")


def test_times_are_the_readers():
    with timezone.override("Europe/Paris"):
        assert words.clock(NOW) == "11:42"
        assert words.clock(NOW, seconds=True) == "11:42:00"
        assert words.moment(NOW, NOW) == "11:42"
        assert shown(words.moment(NOW - timedelta(days=1), NOW)) == "16 Nov, 11:42"
        assert shown(words.day(datetime(2025, 12, 31, 23, 30, tzinfo=UTC), NOW)) == "1 Jan"
        assert words.exactly(NOW) == "2026-11-17 11:42:00 CET"
    assert shown(words.day(date(2025, 3, 1), NOW)) == "1 Mar 2025"


def test_no_two_months_of_a_french_year_are_called_the_same():
    with translation.override("fr"):
        assert len({words.day(date(2026, month, 9), NOW) for month in range(1, 13)}) == 12
        assert shown(words.day(date(2026, 6, 9), NOW)) == "9 juin"


@given(st.integers(0, 10**12))
def test_law_a_span_never_breaks_over_a_line(seconds):
    assert " " not in words.span(seconds)


@given(st.integers(0, 10**20))
def test_law_a_size_never_breaks_and_is_short(count):
    said = words.size(count)
    assert " " not in said
    assert count >= 10**16 or len(said) <= 9


def test_french_dates_have_french_months():
    with translation.override("fr"):
        assert shown(words.day(date(2026, 11, 17), NOW)).lower().startswith("17 nov")


def rendered(source, **context):
    return Template(source).render(Context(context))


@pytest.mark.parametrize(
    "name",
    [
        "ago",
        "clock",
        "clock_seconds",
        "day",
        "moment",
        "exactly",
        "span",
        "size",
        "number",
        "minutes",
        "since",
        "bytes",
        "local_time",
    ],
)
def test_a_filter_of_nothing_is_nothing(name):
    assert rendered("{{ x|NAME }}{{ y|NAME }}".replace("NAME", name), x=None, y="") == ""


def test_a_mark_is_for_the_eye_and_its_word_stands_beside_it():
    html = rendered('{% state "fail" word "regressed" %}', word="<Regressed>")
    assert 'aria-hidden="true"' in html
    assert "#m-regressed" in html
    assert "&lt;Regressed&gt;" in html


def test_a_time_has_its_written_form_a_hover_away():
    html = rendered("{% when at 'clock' written %}", at=NOW, written="~20:30 <b>")
    assert 'datetime="2026-11-17T10:42:00+00:00"' in html
    assert "~20:30 &lt;b&gt;" in html
    assert ">10:42</time>" in html
    assert rendered("{% when at %}", at=None).strip() == ""
