"""Whatever the program writes in the trail, the trail says as a sentence."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.apps import apps
from django.conf import settings as django_settings

from audit.models import record
from audit.sentences import SAID, is_said, sentence
from people.actors import ENGINE, Actor

LAYERS = ("people", "audit", "cluster", "backups", "health", "incidents", "runbooks", "config")


def written_actions() -> Iterator[str]:
    """The first argument of every call of `record` and of the pen, where it is written out."""
    for layer in LAYERS:
        for path in (Path(django_settings.BASE_DIR) / layer).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Call) and called(node.func) in {"record", "pen.write"} and node.args:
                    yield from texts(node.args[0])


def called(func: ast.expr) -> str:
    return ast.unparse(func)


def texts(argument: ast.expr) -> Iterator[str]:
    if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
        yield argument.value
    elif isinstance(argument, ast.IfExp):
        yield from texts(argument.body)
        yield from texts(argument.orelse)


def moves() -> Iterator[str]:
    for model in apps.get_models():
        for targets in getattr(model, "MOVES", {}).values():
            yield from (f"{model._meta.model_name}.{to}" for to in targets)


def test_the_program_writes_something():
    assert len(set(written_actions())) > 15
    assert len(set(moves())) > 10


def test_every_action_that_is_written_has_a_sentence():
    assert sorted(action for action in set(written_actions()) | set(moves()) if not is_said(action)) == []


@pytest.mark.parametrize(
    ("action", "facts", "said"),
    [
        ("incident.opened", {"title": "The house forgot"}, "opened INC-3, The house forgot"),
        ("entry.edited", {"was": {"text": "a"}, "now": {"text": "b"}}, "changed a timeline entry of INC-3"),
        ("lesson.added", {"now": {}}, "added a lesson to INC-3"),
        ("run.stuck", {"why": {"code": "cancelled", "by": "bob"}}, "came no further with INC-3: Stopped by bob"),
        ("run.stuck", {}, "came no further with INC-3"),
        ("act.done", {"position": 3, "act": {"code": "safety-snapshot"}}, "did act 3 of INC-3: Keep a snapshot of"),
        ("range.broken", {"kind": "emptied"}, "broke the practice cluster: emptied the volume"),
        ("volume.restored", {"seconds": 90}, "restored INC-3 in 1"),
        ("act.done", {"act": "not as it should be"}, "act.done INC-3"),
    ],
)
def test_a_sentence_holds_what_happened(db, action, facts, said):
    entry = record(action, "incident:3", by=Actor("person", "bob"), **facts)
    entry.about = "INC-3"
    assert sentence(entry).replace("\u202f", " ").startswith(said)


def test_every_sentence_that_there_is_can_be_said_of_an_entry_without_facts(db):
    for action in SAID:
        assert sentence(record(action, "thing:1", by=ENGINE))


def test_what_was_changed_stands_beside_the_sentence(client, carol):
    record(
        "entry.edited", "incident:3", by=ENGINE, was={"text": "at <night>"}, now={"text": "at noon", "token": "12:00"}
    )
    client.force_login(carol)
    page = client.get("/trail/").text
    assert "<del>at &lt;night&gt;</del> <ins>at noon</ins>" in page
    assert "<ins>12:00</ins>" in page
