"""An image that starts as root and has lost root's rights fails on files that are whole."""

from __future__ import annotations

import pytest

from cluster.hardening import curbed

HARDENED = {"capabilities": {"drop": ["ALL"]}}


@pytest.mark.parametrize(
    ("pod", "container"),
    [
        ({}, HARDENED),
        ({}, {"capabilities": {"drop": ["DAC_OVERRIDE"]}}),
        ({"runAsUser": 0}, {"allowPrivilegeEscalation": False}),
        ({"runAsUser": 1000}, {**HARDENED, "runAsUser": 0}),
        ({}, {"capabilities": {"drop": ["ALL"], "add": ["NET_BIND_SERVICE"]}}),
    ],
)
def test_root_that_may_not_do_what_root_may(pod, container):
    assert curbed(pod, container)


@pytest.mark.parametrize(
    ("pod", "container"),
    [
        ({}, {}),
        ({"runAsUser": 1000}, HARDENED),
        ({"runAsNonRoot": True}, HARDENED),
        ({}, {**HARDENED, "runAsUser": 1000}),
        ({}, {"capabilities": {"drop": ["NET_RAW"]}}),
        ({}, {"capabilities": {"drop": ["NET_RAW"], "add": ["ALL"]}, "allowPrivilegeEscalation": True}),
        ({}, {"capabilities": None}),
    ],
)
def test_who_was_never_root_has_lost_nothing(pod, container):
    assert not curbed(pod, container)
