"""What an answer means that is no object."""

from __future__ import annotations

import json

import pytest

from cluster.errors import Conflict, Forbidden, NotFound, Refused, Unreachable
from cluster.kubernetes import Gone, refused


def status(code: int, message: str, reason: str = "") -> bytes:
    return json.dumps({"kind": "Status", "code": code, "message": message, "reason": reason}).encode()


@pytest.mark.parametrize(
    ("code", "body", "means"),
    [
        (404, status(404, 'jobs.batch "am-1" not found', "NotFound"), NotFound),
        (404, b"404 page not found\n", NotFound),
        (404, b"<html><h1>404 Not Found</h1>nginx</html>", Unreachable),
        (404, b"default backend - 404", Unreachable),
        (403, status(403, 'User "x" cannot patch resource "nodes"', "Forbidden"), Forbidden),
        (401, status(401, "Unauthorized", "Unauthorized"), Forbidden),
        (403, status(403, "exceeded quota: small", "Forbidden"), Refused),
        (403, status(403, 'pods "x" is forbidden: violates PodSecurity "restricted"', "Forbidden"), Refused),
        (409, status(409, "already exists", "AlreadyExists"), Conflict),
        (410, status(410, "The provided continue parameter is too old", "Expired"), Gone),
        (400, status(400, "strict decoding error", "BadRequest"), Refused),
        (415, status(415, "the body of the request was in an unknown format"), Refused),
        (422, status(422, "the server rejected our request due to an error in our request", "Invalid"), Conflict),
        (422, status(422, "testing value /spec/replicas failed: test failed", "Invalid"), Conflict),
        (422, status(422, 'Deployment.apps "x" is invalid: spec.replicas', "Invalid"), Refused),
        (429, status(429, "too many requests"), Unreachable),
        (500, b"", Unreachable),
        (503, b"no healthy upstream", Unreachable),
    ],
)
def test_a_no_is_the_error_that_it_means_in_the_servers_own_words(code, body, means):
    no = refused(code, body)
    assert type(no) is means
    words = json.loads(body)["message"] if body.startswith(b"{") else body.decode().strip()
    assert (words or str(code)) in str(no)
