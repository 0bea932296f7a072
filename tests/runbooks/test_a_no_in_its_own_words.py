"""Whoever says no to an act, and however: people read what kind of no it is, in the words of who said it."""

from __future__ import annotations

import pytest

from cluster import kubernetes
from cluster.errors import ClusterError, Conflict, Forbidden, NotFound, Refused, Unreachable
from cluster.live import logs
from cluster.nas import dsm, logins
from runbooks import engine
from runbooks.sentences import SENTENCES, say

WORDS = 'pods "am-1" is forbidden: exceeded quota: small'
FIVE = (NotFound, Forbidden, Conflict, Unreachable, Refused)
OTHERS = (kubernetes.Gone, kubernetes.Dropped, logs.NoLog, dsm.NoWay, dsm.NotTrusted, logins.LoginRefused)


def told(kind):
    no = kind(WORDS)
    return engine.said(no) if isinstance(no, Unreachable) else engine.told(no)


def below(kind):
    yield kind
    for more in kind.__subclasses__():
        yield from below(more)


def test_these_are_all_the_ways_to_say_no():
    ways = {kind for kind in below(ClusterError) if kind.__module__.startswith("cluster.")}
    assert ways == {ClusterError, *FIVE, *OTHERS}


@pytest.mark.parametrize("kind", [ClusterError, *FIVE, *OTHERS])
def test_a_no_is_a_sentence_that_has_its_words(kind):
    assert told(kind).code in SENTENCES
    assert WORDS in say(told(kind).as_json())


def test_each_of_the_five_is_a_sentence_of_its_own():
    assert len({say(told(kind).as_json()) for kind in FIVE}) == 5
