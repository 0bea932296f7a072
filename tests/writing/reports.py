"""Reports of every shape, with texts that Markdown, JSON and readers find hard."""

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

NASTY = [
    *("", " ", "\n", "a\n", "\n\na", "  two", "two  "),
    *("a  \nb", "|", "a | b", "\\|", "```", "```\n# x\n```", "~~~\nopen"),
    *("# head", "## head", "\\## head", "### head", "a\n## b\n### c"),
    *("- item", "- [x] box", "* star", "1. one", "10) ten", "> q"),
    *("**bold**", "*it*", "`*arr`", "__x__", "a\r\nb", "\r"),
    *("a\tb", "\x0b\x0c", "\u2028", "\u00a0", "«\u00a0ici\u00a0»", "« ici »"),
    *("🔥", "✅ Fait", "é✓ -->", "<!-- x -->", "<!-- aftermath {} -->", "-->"),
    *("&#10;", "&amp;", "&#38;#10;", "—", "— x", "Ã©tÃ©"),
    *("(no time)", "(sans heure)", "(untitled)", "*—*"),
    *("*owner: x*", "*priorité\u00a0: P1*", "a\n*owner: x*", "a · b", "[x] : y"),
    *("14:05", "**14:05** : up", "~22:00 → 02:00 (J+1)", "2026-03-05"),
    *("5 mars", "18h+", "PR #12", "see #3135", "(P1, @bob, due 2026-03-09)"),
    *("---", "***", "===", "[a](b)", "<b>x</b>"),
    *("\ufeff", "end\\", "Timeline", "## Timeline\n\n- **14:05**: x", "\x00", "\x1b[0m"),
]  # fmt: skip
TEXT = st.one_of(
    st.sampled_from(NASTY),
    st.lists(st.sampled_from(NASTY), min_size=1, max_size=4).map("\n".join),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=30),
)
FILLED = TEXT.filter(bool)
MAYBE = st.none() | FILLED
DAY = st.dates().map(lambda d: d.isoformat())
MOMENT = st.none() | DAY | st.datetimes().map(lambda d: d.isoformat(timespec="minutes"))
OCCURRED = st.one_of(
    st.just(Occurred()),
    st.builds(Occurred, DAY),
    st.tuples(DAY, DAY).map(sorted).map(lambda days: Occurred(*days)),
)
ENTRY = st.builds(
    Told,
    token=TEXT,
    start=MOMENT,
    end=MOMENT,
    precision=st.sampled_from(["exact", "minute-vague", "approximate", "day", "open", "duration", "none"]),
    day_offset_written=st.none() | st.integers(-3, 9),
    text=TEXT,
    line=st.just(0),
    zone=MAYBE,
    source=st.sampled_from(["written", "imported", "evidence"]),
    evidence=st.just("") | FILLED,
    facts=st.dictionaries(st.sampled_from(["code", "volume", "-->"]), TEXT | st.integers() | st.none(), max_size=2),
    written_by=st.just("") | FILLED,
)
# As a reader makes them: the token says everything.
PLAIN_ENTRY = st.builds(
    Told, st.sampled_from(["14:05", ""]), st.none(), st.none(), st.just("none"), st.none(), TEXT, st.just(0)
)
CAUSE = st.builds(Cause, TEXT, TEXT, st.just(0), st.booleans(), st.sampled_from(["root", "contributing"]))
ACTION = st.builds(
    Action,
    text=TEXT,
    status=st.sampled_from(["done", "open", "in_progress", "dropped"]),
    status_raw=MAYBE | st.sampled_from(["[x]", "[ ]", "[X]", "✅"]),
    group_or_horizon=MAYBE,
    priority=MAYBE,
    owner=MAYBE,
    references=st.lists(FILLED, max_size=2).map(tuple),
    line=st.just(0),
    due=st.none() | DAY,
    due_raw=MAYBE,
    kind=st.sampled_from(["mitigating", "corrective", "preventive"]),
    fields=st.lists(st.tuples(TEXT, TEXT), max_size=2).map(tuple),
)
REPORTS = st.builds(
    Report,
    title=TEXT,
    language=st.sampled_from(["fr", "en"]),
    occurred=OCCURRED,
    severity=st.builds(Severity, MAYBE, st.sampled_from([None, "S1", "S2", "S3", "S4"])),
    status=st.builds(Status, MAYBE, st.sampled_from(["ongoing", "investigating", "resolved", "unknown", "closed"])),
    zone=st.builds(Zone, MAYBE, st.sampled_from(["stated", "conflict", "assumed"])),
    summary=TEXT,
    metadata=st.lists(
        st.builds(Line, FILLED | st.sampled_from(["Date", "Statut", "Severity", "Fuseau horaire"]), TEXT),
        max_size=4,
    ).map(tuple),
    timeline=st.lists(ENTRY | PLAIN_ENTRY, max_size=4).map(tuple),
    causes=st.lists(CAUSE, max_size=3).map(tuple),
    actions=st.lists(ACTION, max_size=4).map(tuple),
    lessons=st.lists(st.builds(Lesson, TEXT, st.just(0)), max_size=3).map(tuple),
    references=st.lists(
        st.builds(Reference, st.sampled_from(["pr", "issue", "commit", "unknown"]), FILLED), max_size=3
    ).map(tuple),
    appendix=st.lists(st.builds(Appendix, st.none() | TEXT, st.just(0), st.just(0), TEXT), max_size=3).map(tuple),
)
