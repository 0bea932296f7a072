"""The proxies by which things go wrong do what they say: what is lost was done, what is refused was not."""

from __future__ import annotations

import contextlib
import http.client
import ssl
import threading
import time
import uuid
from urllib.parse import urlsplit

import pytest

from cluster.errors import NotFound, Unreachable
from cluster.kubernetes import Api
from cluster.live.objects import CORE, Bare, below
from tests.acceptance.proxy import api_proxy, each_once, pipe

MAPS = below(CORE, "configmaps", "default")


@pytest.fixture
def proxy(server, tmp_path):
    with api_proxy(server.access, tmp_path) as proxy:
        yield proxy


@pytest.fixture
def api(proxy):
    return Api.connect(str(proxy.kubeconfig))


@pytest.fixture
def name(server):
    name = f"am-scene-{uuid.uuid4().hex[:6]}"
    yield name
    server.delete("ConfigMap", "default", name)


def watch(proxy) -> None:
    """Until it ends. Raises OSError or HTTPException, also where it just ends."""
    trusting = ssl.create_default_context(cafile=str(proxy.kubeconfig.parent / "proxy.crt"))
    caller = http.client.HTTPSConnection("127.0.0.1", proxy.port, context=trusting, timeout=30)
    with contextlib.closing(caller):
        caller.request("GET", f"{MAPS}?watch=1&timeoutSeconds=30")
        with caller.getresponse() as answer:
            while answer.read1():
                pass
    raise ConnectionError("it ended")


def config_map(name):
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": {"a": "b"}}


def test_what_passes_is_answered(api, proxy, name):
    api.create(MAPS, config_map(name))
    assert api.get(f"{MAPS}/{name}", Bare).metadata.name == name
    assert len(api.list(MAPS, Bare).items) >= 1
    assert proxy.ways.took_effect() == [f"POST {MAPS}/{name}"]


def test_an_answer_that_is_lost_belongs_to_something_that_was_done(api, proxy, server, name):
    proxy.ways.fate = each_once("lose")
    with pytest.raises(Unreachable):
        api.create(MAPS, config_map(name))
    assert server.get("ConfigMap", "default", name)["data"] == {"a": "b"}
    assert proxy.ways.calls == [(f"POST {MAPS}/{name}", "lose", 201)]


def test_a_request_that_is_refused_was_never_made(api, proxy, server, name):
    proxy.ways.fate = each_once("refuse")
    with pytest.raises(Unreachable):
        api.create(MAPS, config_map(name))
    assert server.find("ConfigMap", "default", name) is None
    api.create(MAPS, config_map(name))
    assert server.find("ConfigMap", "default", name)


def test_dry_runs_and_reading_are_left_alone(api, proxy, name):
    proxy.ways.fate = each_once("lose")
    api.create(MAPS, config_map(name), dry=True)
    with pytest.raises(NotFound):
        api.get(f"{MAPS}/{name}", Bare)
    assert proxy.ways.calls == []


def test_a_cut_ends_what_is_on_its_way_and_is_over_in_time(api, proxy):
    began = time.monotonic()
    threading.Timer(1, proxy.ways.cut, (2,)).start()
    with pytest.raises((OSError, http.client.HTTPException)):
        watch(proxy)
    assert 0.9 < time.monotonic() - began < 2.5
    with pytest.raises(Unreachable):
        api.list(MAPS, Bare)
    time.sleep(max(0.0, 3.2 - (time.monotonic() - began)))
    assert api.list(MAPS, Bare).items


def test_a_pipe_before_the_object_store_refuses_slows_and_cuts(store):
    behind = urlsplit(store.endpoint)
    bucket = f"am-scene-{uuid.uuid4().hex[:6]}"
    client = store.client()
    client.create_bucket(Bucket=bucket)
    client.put_object(Bucket=bucket, Key="long", Body=b"x" * 20_000)
    with pipe((str(behind.hostname), behind.port or 80)) as here:
        through = type(store)(here.endpoint, here.endpoint, store.key, store.secret).client()
        try:
            assert len(through.get_object(Bucket=bucket, Key="long")["Body"].read()) == 20_000
            here.rate = 10_000
            began = time.monotonic()
            assert len(through.get_object(Bucket=bucket, Key="long")["Body"].read()) == 20_000
            assert time.monotonic() - began > 1.5
            here.rate, here.cut_after = None, 5_000
            with pytest.raises(Exception, match=r"(?i)connection|incomplete|reset|broken"):
                through.get_object(Bucket=bucket, Key="long")["Body"].read()
            here.cut_after, here.refusing = None, True
            with pytest.raises(Exception, match=r"(?i)connect|closed|reset|endpoint"):
                through.get_object(Bucket=bucket, Key="long")
        finally:
            store.clear(bucket)
