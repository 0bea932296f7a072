"""A wiki: pages in Markdown, and a database that is held open, so that its newest rows are in the write-ahead log."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cluster.range.sample.application import DAY, HOUR, Application, MiB, as_json, database, pick
from cluster.range.volumes import Item

SUBJECTS = ("network", "backups", "printer", "recipes", "garden", "bicycle", "music", "travel", "house", "school")
WORDS = ("note", "plan", "list", "idea", "question", "answer", "repair", "visit", "change", "order", "result", "draft")
SCHEMA = """
CREATE TABLE pages (id INTEGER PRIMARY KEY, slug TEXT UNIQUE, title TEXT);
CREATE TABLE edits (id INTEGER PRIMARY KEY, page INTEGER REFERENCES pages, who TEXT, words INTEGER, at REAL);
"""


def page(subject: str, n: int) -> str:
    lines = [f"# {subject.capitalize()}, part {n}", ""]
    for k in range(4 + n % 7):
        words = " ".join(pick(f"{subject} {n} {k} {w}", WORDS) for w in range(14))
        lines += [f"## {pick(f'{subject}{n}{k}', WORDS).capitalize()}", "", words + ".", ""]
    return "\n".join(lines)


def items(small: bool) -> Iterator[Item]:
    per = 1 if small else 12
    subjects = SUBJECTS[:3] if small else SUBJECTS
    yield Item("settings.json", as_json({"title": "Our wiki", "languages": ["en", "fr"]}), mode=0o640, age=30 * DAY)
    yield Item("pages", age=5 * HOUR)
    for k, subject in enumerate(subjects):
        yield Item(f"pages/{subject}", age=k * DAY)
        for n in range(per):
            yield Item(f"pages/{subject}/{n:02d}.md", page(subject, n).encode(), age=((k * per + n) % 26) * DAY + 900)
    pages = [(n, f"{s}/{m:02d}", s) for n, (s, m) in enumerate((s, m) for s in subjects for m in range(per))]
    edits = [(n, n % len(pages), pick(f"who {n}", ("alice", "bob")), 10 + n % 90, n * 700.0) for n in range(per * 60)]
    rows: dict[str, list[tuple[Any, ...]]] = {
        "INSERT INTO pages VALUES (?, ?, ?)": pages,
        "INSERT INTO edits VALUES (?, ?, ?, ?, ?)": edits,
    }
    for name, data in database("wiki.sqlite3", SCHEMA, rows, wal=1 if small else 20).items():
        yield Item(name, data, mode=0o640, age=300 if name.endswith("-wal") else DAY)


WIKI = Application(
    name="wiki",
    title="Wiki",
    namespace="wiki",
    claim="pages",
    mount="/wiki",
    uid=1001,
    gid=1001,
    image="practice/wiki:4.2",
    command=("wiki", "serve", "--data", "/wiki"),
    capacity=512 * MiB,
    sentinels=("wiki.sqlite3", "settings.json"),
    needs=("wiki.sqlite3", "settings.json"),
    items=items,
    hello="wiki: serving on port 8080",
)
