"""What an entry says goes through a database and is still what was sealed; a secret never gets in."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from audit.models import Entry, broken, record
from audit.plain import HIDDEN, as_kept
from people.actors import Actor

ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.datetimes(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@pytest.mark.django_db
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(st.text(max_size=8), ANY, max_size=4), st.text(max_size=30))
def test_law_an_entry_of_any_facts_still_fits_its_seal(facts, name):
    written = record("door.opened", f"door:{name}"[:80], by=Actor("person", name), facts=facts)
    kept = Entry.objects.get(pk=written.pk)
    assert kept.facts == written.facts
    assert kept.hash == kept.seal()
    assert broken() is None


@given(st.dictionaries(st.text(max_size=8), ANY, max_size=4))
def test_law_kept_facts_stay_as_they_are(facts):
    assert as_kept(as_kept(facts)) == as_kept(facts)


def test_what_is_called_a_secret_is_not_kept():
    kept = as_kept(
        {
            "password": "x1",
            "db_password": "x2",
            "access_token": "x3",
            "AWS_SECRET_ACCESS_KEY": "x4",
            "inner": [{"api_key": "x5"}],
            "url": "https://bob:x6@example.org/path",
        }
    )
    assert not any(f"x{n}" in str(kept) for n in range(1, 7))
    assert kept["url"] == f"https://{HIDDEN}@example.org/path"


def test_what_only_sounds_like_one_is_kept():
    facts = {"passed": 3, "bypass": "no", "url": "https://example.org/a@b", "token": "~20:30", "at": "user@example.org"}
    assert as_kept(facts) == facts
