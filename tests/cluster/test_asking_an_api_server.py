"""Lists in pages, answers that break off or never end: over the wire, from an HTTP server of the test's own."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest
from kubernetes.client import Configuration

from cluster import kubernetes
from cluster.errors import Refused, Unreachable
from cluster.kubernetes import Api
from cluster.live.objects import Bare

PODS = "/api/v1/pods"
OVER = {"code": 410, "message": "The provided continue parameter is too old"}


class Door(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        parts = urlsplit(self.path)
        self.server.asked.append((self.command, {k: v[0] for k, v in parse_qs(parts.query).items()}))
        said = self.server.says.pop(0)
        body = said if isinstance(said, bytes) else json.dumps(said).encode()
        self.send_response(said.get("code", 200) if isinstance(said, dict) else 200)
        self.send_header("Content-Length", str(len(body) + (said == b"")))  # of nothing, one byte is never sent
        self.end_headers()
        self.wfile.write(body)
        self.close_connection = said == b""

    do_GET = do_POST = do_PATCH = do_DELETE = answer

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def server():
    """`says` are its answers, one after the other, an empty one cut off; `asked` is what it was asked."""
    here = ThreadingHTTPServer(("127.0.0.1", 0), Door)
    here.says, here.asked = [], []
    thread = threading.Thread(target=here.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield here
    here.shutdown()
    here.server_close()
    thread.join()


@pytest.fixture
def api(server):
    configuration = Configuration()
    configuration.host = f"http://127.0.0.1:{server.server_address[1]}"
    return Api(configuration)


def page(*names, more=""):
    items = [{"metadata": {"name": name}} if name else {"metadata": "no"} for name in names]
    return {"metadata": {"continue": more}, "items": items}


def named(listing):
    return [each.metadata.name for each in listing.items]


def test_a_list_is_asked_for_page_by_page(server, api):
    server.says = [page("a", "b", more="next"), page("c")]
    assert named(api.list(PODS, Bare, labelSelector="x=y")) == ["a", "b", "c"]
    first, second = (query for _, query in server.asked)
    assert (first["limit"], first["labelSelector"]) == ("500", "x=y")
    assert second == {**first, "continue": "next"}


def test_a_list_whose_pages_are_forgotten_meanwhile_begins_anew(server, api):
    server.says = [page("a", more="next"), OVER, page("a", "b", more="other"), page("c")]
    assert named(api.list(PODS, Bare)) == ["a", "b", "c"]
    assert [query.get("continue") for _, query in server.asked] == [None, "next", None, "other"]


def test_a_list_that_is_forgotten_again_and_again_is_no_answer(server, api):
    server.says = [page("a", more="next"), OVER] * 3
    with pytest.raises(Unreachable, match="never complete"):
        api.list(PODS, Bare)


def test_an_object_that_makes_no_sense_is_counted_and_not_taken_for_one_that_is_not_there(server, api):
    server.says = [page("a", "", "c")]
    listing = api.list(PODS, Bare)
    assert (named(listing), listing.unreadable) == (["a", "c"], 1)
    with pytest.raises(Refused, match="1 of the Pod objects"):
        listing.whole("Pod")


def test_a_question_whose_answer_is_cut_off_is_asked_once_more(server, api):
    server.says = [b"", page("a")]
    assert named(api.list(PODS, Bare)) == ["a"]


@pytest.mark.parametrize(
    "change",
    [
        lambda api: api.create(PODS, {}),
        lambda api: api.patch(f"{PODS}/a", []),
        lambda api: api.merge(f"{PODS}/a", {}),
        lambda api: api.delete(f"{PODS}/a"),
    ],
)
def test_a_change_whose_answer_is_cut_off_is_never_sent_twice(server, api, change):
    server.says = [b"", {}]
    with pytest.raises(Unreachable):
        change(api)
    assert len(server.asked) == 1


def test_an_answer_that_takes_too_long_is_none(server, api, monkeypatch):
    monkeypatch.setattr(kubernetes, "WHOLE", 0.0)
    server.says = [page("a" * 100)]
    with pytest.raises(Unreachable, match="took longer"):
        api.list(PODS, Bare)


def test_what_is_no_answer_of_an_api_server_is_none(server, api):
    server.says = [b"<html>sign in</html>"]
    with pytest.raises(Unreachable, match="makes no sense"):
        api.list(PODS, Bare)
