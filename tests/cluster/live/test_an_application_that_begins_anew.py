"""An application that was emptied is ready and healthy, and asks to be set up: its pods say how that is noticed."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import msgspec
import pytest

from cluster.live import asking
from cluster.live.objects import PodObject


@pytest.fixture
def application():
    """Answers on loopback with whatever its `says` is: a status, a body, and where a redirect leads."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            status, body, to = self.server.says.get(self.path, (404, b"nothing here", ""))
            self.send_response(status)
            if to:
                self.send_header("Location", to)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.says = {}
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def pod(annotation, *, ready="True", ip="127.0.0.1"):
    told = {
        "metadata": {"name": "a", "uid": "1", "annotations": {asking.ANNOTATION: annotation} if annotation else {}},
        "status": {"podIP": ip, "conditions": [{"type": "Ready", "status": ready}]},
    }
    return msgspec.json.decode(msgspec.json.encode(told), type=PodObject)


def test_its_words_tell(application):
    application.says = {"/setup": (200, "<h1>Bienvenue à bord</h1>".encode(), "")}
    port = application.server_port
    assert asking.as_new(pod(f"{port}/setup Bienvenue à bord"))
    assert not asking.as_new(pod(f"{port}/setup Sign in"))
    assert not asking.as_new(pod(f"{port}/other Bienvenue"))


def test_an_answer_of_any_status_counts_and_a_redirect_is_not_followed(application):
    application.says = {"/": (302, b"go and be set up", "/setup"), "/setup": (500, b"Welcome", "")}
    port = application.server_port
    assert not asking.as_new(pod(f"{port}/ Welcome"))
    assert asking.as_new(pod(f"{port}/ be set up"))
    assert asking.as_new(pod(f"{port}/setup Welcome"))


@pytest.mark.parametrize("annotation", ["", "Welcome", "0/ x", "99999/ x", "80 x", "80/", "http://127.0.0.1/ x"])
def test_without_a_way_to_ask_nobody_is_asked(annotation):
    assert not asking.as_new(pod(annotation))


def test_one_that_is_not_ready_or_gives_no_answer_is_not_called_new(application):
    application.says = {"/": (200, b"Welcome", "")}
    port = application.server_port
    assert not asking.as_new(pod(f"{port}/ Welcome", ready="False"))
    assert not asking.as_new(pod(f"{port}/ Welcome", ip=""))
    assert not asking.as_new(pod("9/ Welcome"))
