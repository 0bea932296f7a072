"""
The journal of a swap: JSON lines in DATA/.aftermath/RUN/journal.jsonl, each on the disk before what it announces.

The first line is the plan and appears whole or not at all; then come states and names met on the way. A last line
torn by a crash was announced to nobody and does not count.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from typing import Any, get_args

from backups.agent.tree import read_ours, write_whole
from backups.agent.values import RunState
from backups.errors import Refused

NAME = "journal.jsonl"
STATES = frozenset(get_args(RunState))


@dataclass
class Journal:
    """
    `live`: names that were at the root before; `staged`: names that were staged. `before` and `after` are owner and
    mode of the root itself. `aside`: every live name is put aside, and staged ones may be at the root.
    `opened`: directories ("live" or "staged", name, mode) that were made writable so that they could be moved.
    """

    state: RunState
    live: list[str] = field(default_factory=list)
    staged: list[str] = field(default_factory=list)
    before: dict[str, int] = field(default_factory=dict)
    after: dict[str, int] = field(default_factory=dict)
    strays: int = 0
    aside: bool = False
    opened: list[tuple[str, str, int]] = field(default_factory=list)


def read(run_dir: int) -> Journal | None:
    """None where no swap was planned."""
    if (data := read_ours(NAME, run_dir)) is None:
        return None
    lines = data.split(b"\n")
    try:
        plan = json.loads(lines[0])
        journal = Journal("planned", plan["live"], plan["staged"], plan["before"], plan["after"])
        for line in lines[1:-1]:
            take(journal, json.loads(line))
    except (ValueError, KeyError, TypeError) as error:
        raise Refused("The journal of the swap cannot be read.", code="bad-journal") from error
    return journal


def take(journal: Journal, line: dict[str, Any]) -> None:
    if line.get("state") in STATES:
        journal.state = line["state"]
    elif "opened" in line:
        journal.opened.append((line["opened"], line["name"], line["mode"]))
    elif "closed" in line:
        journal.opened.clear()
    elif "aside" in line:
        journal.aside = bool(line["aside"])
    elif "live" in line:
        journal.live.append(line["live"])
    elif "staged" in line:
        journal.staged.append(line["staged"])
    elif "stray" in line:
        journal.strays += 1


def begin(run_dir: int, plan: Journal) -> None:
    told = {"live": plan.live, "staged": plan.staged, "before": plan.before, "after": plan.after}
    write_whole(NAME, json.dumps(told).encode() + b"\n", run_dir)


def note(run_dir: int, journal: Journal, **line: Any) -> None:
    """Add a line, durably, and take it into account. A torn line left by a crash is cut off first."""
    fd = os.open(NAME, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=run_dir)
    try:
        data = os.pread(fd, os.fstat(fd).st_size, 0)
        whole = data.rfind(b"\n") + 1
        if whole != len(data):
            os.ftruncate(fd, whole)
        os.pwrite(fd, json.dumps(line).encode() + b"\n", whole)
        os.fsync(fd)
    finally:
        os.close(fd)
    take(journal, line)
