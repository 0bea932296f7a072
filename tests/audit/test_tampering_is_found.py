"""Whatever is done to the trail without its guards is found, at the place where it was done."""

from __future__ import annotations

import string
from dataclasses import dataclass, replace
from datetime import timedelta
from hashlib import sha256

import pytest
from django.core.management import call_command
from hypothesis import given
from hypothesis import strategies as st

from audit import chain, verify
from audit.chain import Break, Place
from audit.models import Entry, Head, Verification, broken, record
from people.actors import COMMAND, Actor
from tests.audit.tampering import hands_on


@pytest.fixture
def ten(db):
    for n in range(1, 11):
        record("door.opened", f"door:{n}", by=Actor("person", "alice"), n=n)


def tamper(statement, *values):
    with hands_on() as cursor:
        cursor.execute(statement, values)


def test_a_trail_that_nobody_touched_is_whole(ten, capsys):
    assert broken() is None
    call_command("trail", "verify")
    assert "whole: 10 entries" in capsys.readouterr().out


def test_an_empty_trail_is_whole(db, capsys):
    assert broken() is None
    call_command("trail", "verify")
    assert "whole: 0 entries" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("statement", "values", "first"),
    [
        ("UPDATE audit_entry SET actor = %s WHERE seq = 4", ["bob"], (4, "altered")),
        ("UPDATE audit_entry SET actor_kind = %s WHERE seq = 4", ["engine"], (4, "altered")),
        ("UPDATE audit_entry SET action = %s WHERE seq = 4", ["door.closed"], (4, "altered")),
        ("UPDATE audit_entry SET subject = %s WHERE seq = 4", ["door:5"], (4, "altered")),
        ("UPDATE audit_entry SET about = %s WHERE seq = 4", ["x"], (4, "altered")),
        ("UPDATE audit_entry SET facts = %s WHERE seq = 4", ['{"n": 5}'], (4, "altered")),
        ("UPDATE audit_entry SET at = %s WHERE seq = 4", ["2020-01-01 00:00:00+00:00"], (4, "altered")),
        ("UPDATE audit_entry SET hash = %s WHERE seq = 4", ["0" * 64], (4, "altered")),
        ("UPDATE audit_entry SET before = %s WHERE seq = 4", ["0" * 64], (4, "unlinked")),
        ("DELETE FROM audit_entry WHERE seq = %s", [4], (4, "missing")),
        ("DELETE FROM audit_entry WHERE seq > %s", [7], (8, "cut short")),
        ("DELETE FROM audit_entry WHERE seq > %s", [0], (1, "cut short")),
        ("UPDATE audit_entry SET seq = %s WHERE seq = 10", [99], (10, "cut short")),
        (
            "UPDATE audit_head SET count = %s, hash = (SELECT hash FROM audit_entry WHERE seq = 7)",
            [7],
            (8, "beyond the head"),
        ),
        ("UPDATE audit_head SET hash = %s", ["1" * 64], (10, "unlinked")),
        ("DELETE FROM audit_head WHERE count = %s", [10], (1, "beyond the head")),
    ],
)
def test_what_was_done_is_named_at_its_place(ten, capsys, statement, values, first):
    tamper(statement, *values)
    assert broken() == first
    with pytest.raises(SystemExit) as end:
        call_command("trail", "verify")
    assert end.value.code == 1
    assert f"from entry {first[0]} on" in capsys.readouterr().err
    walked = Verification.objects.get()
    assert (walked.broken, walked.why) == first


def test_one_who_seals_the_altered_entry_anew_is_found_at_the_next(ten):
    entry = Entry.objects.get(seq=4)
    entry.actor = "bob"
    tamper("UPDATE audit_entry SET actor = %s, hash = %s WHERE seq = 4", "bob", entry.seal())
    assert broken() == (5, "unlinked")


def test_one_who_seals_all_the_rest_anew_is_found_by_the_head(ten):
    before = Entry.objects.get(seq=3).hash
    for entry in Entry.objects.filter(seq__gte=4).order_by("seq"):
        entry.before, entry.actor = before, "bob"
        tamper(
            "UPDATE audit_entry SET actor = %s, before = %s, hash = %s WHERE seq = %s",
            *("bob", before, entry.seal(), entry.seq),
        )
        before = entry.seal()
    assert broken() == (10, "unlinked")


@dataclass(frozen=True)
class Sealed:
    """An entry without a database."""

    seq: int
    text: str
    before: str
    hash: str = ""

    def seal(self) -> str:
        return sha256(f"{self.before}{self.seq}{self.text}".encode()).hexdigest()


def sealed(texts):
    entries, before = [], chain.START
    for n, text in enumerate(texts, 1):
        entry = Sealed(n, text, before)
        entries.append(replace(entry, hash=entry.seal()))
        before = entries[-1].hash
    return entries


TEXTS = st.lists(st.text(string.ascii_lowercase, max_size=4), min_size=1, max_size=12)


@given(TEXTS, st.data())
def test_law_any_single_edit_is_found_at_or_before_the_next_entry(texts, data):
    entries = sealed(texts)
    head = Place(len(entries), entries[-1].hash)
    assert chain.walk(entries) == head
    n = data.draw(st.integers(0, len(entries) - 1))
    edit = data.draw(st.sampled_from(["text", "hash", "before", "seq", "drop", "swap", "double", "cut"]))
    changed = list(entries)
    if edit == "drop":
        del changed[n]
    elif edit == "cut":
        del changed[n:]
    elif edit == "double":
        changed.insert(n, changed[n])
    elif edit == "swap":
        m = data.draw(st.integers(0, len(entries) - 1))
        changed[n], changed[m] = changed[m], changed[n]
    else:
        changed[n] = replace(changed[n], **{edit: 99 if edit == "seq" else "another"})
    if changed == entries:
        return
    found = chain.walk(changed)
    found = chain.against_head(found, head) if isinstance(found, Place) else found
    assert isinstance(found, Break)
    first_change = next((i for i, (a, b) in enumerate(zip(entries, changed, strict=False)) if a != b), len(changed))
    assert found.seq in (first_change, first_change + 1, first_change + 2)


@given(TEXTS, st.integers(0, 12))
def test_law_a_walk_in_two_steps_finds_what_a_walk_in_one_finds(texts, at):
    entries = sealed(texts)
    first = chain.walk(entries[:at])
    assert isinstance(first, Place)
    assert chain.walk(entries[at:], first) == chain.walk(entries)


def test_a_long_trail_is_walked_in_steps_that_end_in_time(ten, monkeypatch):
    monkeypatch.setattr(verify, "CHUNK", 3)
    steps = [verify.step(by=COMMAND, seconds=0) for _ in range(4)]
    assert [step.through for step in steps] == [3, 6, 9, 10]
    assert [step.complete for step in steps] == [False, False, False, True]
    assert Verification.objects.count() == 1


def test_what_is_written_during_a_walk_does_not_break_it(ten, monkeypatch):
    monkeypatch.setattr(verify, "CHUNK", 3)
    verify.step(by=COMMAND, seconds=0)
    record("door.closed", "door:1", by=COMMAND)
    walk = verify.step(by=COMMAND)
    assert (walk.complete, walk.through, walk.broken) == (True, 10, None)
    assert verify.step(by=COMMAND).through == 11


def test_a_gap_at_the_end_of_a_chunk_is_found_where_it_is(ten, monkeypatch):
    monkeypatch.setattr(verify, "CHUNK", 3)
    tamper("DELETE FROM audit_entry WHERE seq = %s", 6)
    walk = verify.whole_walk(by=COMMAND)
    assert (walk.broken, walk.why) == (6, "missing")


def test_the_head_is_one_row(ten):
    assert Head.objects.get().count == 10


def test_an_entry_of_another_hour_zone_is_the_same_entry(ten):
    entry = Entry.objects.get(seq=3)
    entry.at = entry.at.astimezone() + timedelta(0)
    assert entry.seal() == entry.hash
