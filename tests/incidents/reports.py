"""Any report there can be, for laws."""

from __future__ import annotations

from hypothesis import strategies as st

from incidents.reading.values import (
    Action,
    Appendix,
    Cause,
    Lesson,
    Occurred,
    Reference,
    Severity,
    Status,
    Zone,
)
from incidents.report import Line, Report, Told

words = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=40)
some = words.filter(bool)
maybe = st.none() | some
days = st.dates().map(lambda day: day.isoformat())
times = st.one_of(
    days,
    st.datetimes().map(lambda at: at.isoformat(timespec="minutes")),
    st.datetimes().map(lambda at: at.isoformat(timespec="seconds")),
)
zones = st.none() | st.sampled_from(["UTC", "CET", "Europe/Paris", "IST", "heure locale", "+02:00"])
plain = st.dictionaries(some, st.none() | st.booleans() | st.integers(-(2**40), 2**40) | words, max_size=3)


@st.composite
def occurred(draw):
    start, end = draw(st.none() | days), draw(st.none() | days)
    if start is None or (end is not None and end < start):
        end = None
    return Occurred(start, end)


entries = st.builds(
    Told,
    token=words,
    start=st.none() | times,
    end=st.none() | times,
    precision=st.sampled_from(["exact", "minute-vague", "approximate", "day", "open", "duration", "none"]),
    day_offset_written=st.none() | st.integers(-999, 999),
    text=words,
    line=st.just(0),
    zone=zones,
    source=st.sampled_from(["written", "imported"]),
    evidence=st.just(""),
    facts=st.just({}),
    written_by=words,
)
evidence = st.builds(
    Told,
    token=words,
    start=times,
    end=st.none(),
    precision=st.just("exact"),
    day_offset_written=st.none(),
    text=some,
    line=st.just(0),
    zone=zones,
    source=st.just("evidence"),
    evidence=st.from_regex(r"run:[0-9]{1,6}/[0-9]{1,2}", fullmatch=True),
    facts=plain,
    written_by=st.just("engine"),
)
actions = st.builds(
    Action,
    text=words,
    status=st.sampled_from(["done", "open", "in_progress", "dropped"]),
    status_raw=maybe,
    group_or_horizon=maybe,
    priority=maybe,
    owner=maybe,
    references=st.lists(some, max_size=3).map(tuple),
    line=st.just(0),
    due=st.none() | days,
    due_raw=maybe,
    kind=st.sampled_from(["mitigating", "corrective", "preventive"]),
    fields=st.lists(st.tuples(words, words), max_size=2).map(tuple),
)
references = st.builds(Reference, st.sampled_from(["pr", "issue", "commit", "unknown"]), some)
reports = st.builds(
    Report,
    title=some,
    language=st.sampled_from(["en", "fr"]),
    occurred=occurred(),
    severity=st.builds(Severity, maybe, st.none() | st.sampled_from(["S1", "S2", "S3", "S4"])),
    status=st.builds(Status, maybe, st.sampled_from(["ongoing", "investigating", "resolved", "closed", "unknown"])),
    zone=st.builds(Zone, zones, st.sampled_from(["stated", "conflict", "assumed"])),
    summary=words,
    metadata=st.lists(st.builds(Line, words, words), max_size=3).map(tuple),
    timeline=st.lists(entries | evidence, max_size=6, unique_by=lambda e: e.evidence or object()).map(tuple),
    causes=st.lists(
        st.builds(Cause, words, words, st.just(0), st.booleans(), st.sampled_from(["root", "contributing"])), max_size=3
    ).map(tuple),
    actions=st.lists(actions, max_size=4).map(tuple),
    lessons=st.lists(st.builds(Lesson, words, st.just(0)), max_size=3).map(tuple),
    references=st.lists(
        st.builds(Reference, st.sampled_from(["pr", "issue", "commit", "unknown"]), some), max_size=3
    ).map(tuple),
    appendix=st.lists(st.builds(Appendix, maybe, st.just(0), st.just(0), words), max_size=3).map(tuple),
)
