"""
The warnings of the reading contract: a code, the facts, and an English sentence. Other languages start from
the facts.
"""

from __future__ import annotations

from typing import Any

from incidents.reading.values import Notice

SENTENCES = {
    "encoding-repaired": "The text was UTF-8 once read as {encoding}; it was repaired before reading.",
    "not-a-postmortem": "This does not look like a post-mortem: {reason}.",
    "no-timeline": "There is no timeline section.",
    "times-in-prose": "{count} clock times stand in the prose; they were not made into a timeline.",
    "date-from-title": "There is no date label; the date {date} comes from the title.",
    "date-missing": "Neither a date label nor the title says when it happened.",
    "date-differs-from-rows": "The timeline has rows on {days}, outside the date that is stated ({stated}).",
    "day-inferred": "The row at {token} names no day; the clock steps back, so it was placed on {day}.",
    "duration-differs-from-rows": "The stated duration is {stated} minutes; the timeline spans {rows} minutes.",
    "count-differs": "“{text}” counts {stated}; {listed} are listed.",
    "severity-missing": "No severity is stated.",
    "severity-uncertain": "“{raw}” names no S or P level; it was read as {level}.",
    "status-missing": "No status is stated.",
    "status-unclear": "“{raw}” was read as {state}.",
    "zone-missing": "No time zone is written; times are kept as local.",
    "mixed-zones": "Times are written in more than one zone: {zones}.",
    "row-without-time": "A row of the timeline has no clock time or day (“{token}”).",
    "backward-time": "The row at {token} is earlier than the row before it.",
    "inline-action": "An action is written inside another record: “{text}”.",
    "duplicate-action": "Two actions say the same: “{text}” and the one at line {other}.",
    "action-status-missing": "Nothing says whether this action is done: it is kept as open.",
    "action-status-unclear": "“{raw}” is no known status: the action is kept as open.",
    "cause-superseded": "The text withdraws this cause (“{text}”).",
    "contradiction": "Two statements exclude each other: “{first}” and “{second}”.",
    "unknown-name": "“{name}” is no known node.",
}


def notice(code: str, line: int | None = None, **params: Any) -> Notice:
    """A warning of a known code; KeyError for any other."""
    return Notice(code, line, SENTENCES[code].format(**params), params)
