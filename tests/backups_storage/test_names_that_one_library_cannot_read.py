from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlparse
from xml.sax.saxutils import escape

import pytest

from backups.errors import Forbidden, Refused, Unreachable
from backups.storage import Credentials, Store

KEYS = ["p/a", "p//b", "p/c d+\u00e9", "p/d/e", "p/z"]


class Bucket(BaseHTTPRequestHandler):
    """A store that answers every listing with the same keys, and no page holds more than two."""

    status = 200
    requests: list[dict[str, list[str]]] = []

    def do_GET(self) -> None:
        asked = parse_qs(urlparse(self.path).query, keep_blank_values=True)
        self.requests.append(asked)
        after = (asked.get("continuation-token") or asked.get("start-after") or [""])[0]
        keys = sorted(key for key in KEYS if key > after)
        page = keys[:2]
        rows = "".join(
            f"<Contents><Key>{escape(key)}</Key><LastModified>2026-01-02T03:04:05.678Z</LastModified>"
            f'<ETag>"e"</ETag><Size>7</Size></Contents>'
            for key in page
        )
        more = len(keys) > 2
        token = f"<NextContinuationToken>{escape(page[-1])}</NextContinuationToken>" if more else ""
        body = (
            f'<?xml version="1.0"?><ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>b</Name>'
            f"<IsTruncated>{str(more).lower()}</IsTruncated>{token}{rows}</ListBucketResult>"
        ).encode()
        self.send_response(self.status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing on the tests' output."""


@pytest.fixture
def odd() -> Iterator[Store]:
    Bucket.requests, Bucket.status = [], 200
    with ThreadingHTTPServer(("127.0.0.1", 0), Bucket) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield Store(f"http://127.0.0.1:{server.server_port}", "us-east-1", "b", Credentials("some-key", "some-secret"))
        server.shutdown()


def test_a_key_with_an_empty_part_is_listed_all_the_same_and_every_key_once(odd):
    listed = [item.key for page in odd.listing("p") for item in page]
    assert sorted(listed) == sorted(KEYS)


def test_the_day_of_every_object_is_known_whoever_read_it(odd):
    scan = odd.scan("p")
    assert {day: tally.objects for day, tally in scan.days.items()} == {"2026-01-02": len(KEYS)}


@pytest.mark.parametrize(("status", "error"), [(403, Forbidden), (503, Unreachable), (400, Refused)])
def test_what_the_store_answers_is_named_by_what_to_do(odd, status, error, monkeypatch):
    monkeypatch.setattr("backups.storage.TRIES", 1)
    Bucket.status = status
    with pytest.raises(error):
        list(odd.listing("p"))
