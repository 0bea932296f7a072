"""A secret is replaced before anything is kept; everything else of a text stays as it was, line for line."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from incidents.redaction import MASK, of_text, of_values, redacted
from tests.incidents.conftest import REAL, real_reports

SECRETS = [
    ("password: hunter2x", "hunter2x"),
    ("mot de passe : S3cr3t!pass", "S3cr3t!pass"),
    ("AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "wJalr"),
    ("the key AKIAIOSFODNN7EXAMPLE.", "AKIAIOSFODNN7EXAMPLE"),
    ("Authorization: Bearer abc.def-123456", "abc.def-123456"),
    ("curl -H 'authorization: Basic dXNlcjpwYXNz'", "dXNlcjpwYXNz"),
    ("postgres://app:b%40c@db:5432/x", "b%40c"),
    ("git clone https://u:p4ss@host/x", "p4ss"),
    ("GET /x?token=abcdef", "abcdef"),
    ('"token": "a8f5f167f44f4964e6c998dee827110c"', "a8f5f167"),
    ("ghp_0123456789abcdefghijABCDEFGHIJ012345", "ghp_"),
    ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2lnbmF0dXJl", "eyJzdWIi"),
    ("  password: swordfish\n", "swordfish"),
    ("curl -u bob:pw https://x", ["pw", "https"][0]),
    ("-----BEGIN RSA PRIVATE KEY-----\nMIIabc\nxyz\n-----END RSA PRIVATE KEY-----\nnext", "MIIabc"),
]
ORDINARY = [
    "the password: permission denied",
    "**Token:** 18:00",
    "token: 20:46",
    "password=$DB_PASSWORD",
    "the secret is in /run/secrets/db",
    "access key: see page 4",
    "key `secretName: ha-secrets-2024`",
    "postgres://db:5432/app",
    "Password: expired",
    "mot de passe : inchangé depuis mai",
    "token = ${VAULT_TOKEN}",
    "`kubectl get secret ha-secrets -o yaml`",
]


@pytest.mark.parametrize(("text", "secret"), SECRETS)
def test_it_goes(text, secret):
    clean, found = of_text(text)
    assert secret not in clean.replace("[redacted]", "")
    assert MASK in clean
    assert len(found) == 1


@pytest.mark.parametrize("text", ORDINARY)
def test_ordinary_words_stay(text):
    assert of_text(text) == (text, [])


def test_it_says_at_which_line_and_no_line_moves():
    text = "a\nb password: hunter2x\n-----BEGIN PRIVATE KEY-----\nMII\nabc\n-----END PRIVATE KEY-----\nlast token=abcd1"
    clean, found = of_text(text)
    assert [(one.kind, one.line) for one in found] == [("password", 2), ("private-key", 3), ("password", 7)]
    assert len(clean.split("\n")) == len(text.split("\n"))
    assert clean.split("\n")[-1] == f"last token={MASK}"


def test_an_eight_bit_text_and_a_wide_one_lose_theirs_too():
    assert b"hunter2x" not in redacted("é password: hunter2x".encode("latin-1"))[0]
    assert "hunter2x" not in redacted("é password: hunter2x".encode("utf-16"))[0].decode("utf-16")


def test_what_json_holds_keeps_its_shape():
    told = {"a": ["password: hunter2x", 3, None], "token": "20:46"}
    assert of_values(told) == {"a": [f"password: {MASK}", 3, None], "token": "20:46"}


@given(st.lists(st.sampled_from([s for s, _ in SECRETS] + ORDINARY + ["\n", " ", "é", "`", "|"])).map("".join))
def test_done_twice_it_changes_nothing_more(text):
    once = of_text(text)[0]
    assert of_text(once) == (once, [])


@given(st.binary(max_size=300))
def test_any_bytes_without_a_secret_stay_the_same(data):
    clean, found = redacted(data)
    assert found or clean == data


@pytest.mark.parametrize(
    "piece", [b"a.", b"password_", b"token: ", b"http://a:", b"-----BEGIN PRIVATE KEY-----", b"\n"]
)
def test_two_megabytes_of_anything_are_read_in_a_moment(piece):
    data = piece * (2_000_000 // len(piece))
    begin = time.process_time()
    redacted(data)
    assert time.process_time() - begin < 5  # linear; what goes back over it again takes hours


@pytest.mark.skipif(not real_reports(), reason=f"needs the real reports in {REAL}")
def test_the_real_reports_hold_none_and_stay_as_they_are():
    for path in real_reports():
        data = path.read_bytes()
        assert redacted(data) == (data, []), path.name
