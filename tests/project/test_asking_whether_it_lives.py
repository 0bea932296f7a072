"""`/healthz` and `/readyz`, for machines: without a sign-in, a host name, or more than words."""

from __future__ import annotations

import socket
import subprocess
import time

import pytest
from django.db import connection

from config import broker, programs
from tests.project.processes import until

WORDS = {"database": "ok", "broker": "ok"}


def test_it_lives_whatever_it_is_called_and_without_asking_anything(client, settings):
    settings.ALLOWED_HOSTS = ["aftermath.example"]
    response = client.get("/healthz", headers={"host": "10.1.2.3:8000"})
    assert (response.status_code, response.content) == (200, b"ok\n")
    assert "no-store" in response["Cache-Control"]


@pytest.mark.django_db
def test_it_is_ready_when_database_and_broker_answer(client, settings, monkeypatch):
    monkeypatch.setattr(broker, "answers", lambda: True)
    settings.ALLOWED_HOSTS = ["aftermath.example"]
    response = client.get("/readyz", headers={"host": "10.1.2.3:8000"})
    assert (response.status_code, response.json()) == (200, WORDS)


@pytest.mark.django_db
def test_it_is_not_ready_without_a_broker_and_says_no_more_than_that(client, settings):
    settings.CELERY_BROKER_URL = "redis://:geheim@127.0.0.1:1/0"
    response = client.get("/readyz")
    assert (response.status_code, response.json()) == (503, WORDS | {"broker": "unreachable"})
    assert b"geheim" not in response.content


@pytest.mark.django_db
def test_pages_can_be_read_without_a_broker_when_whoever_asks_says_so(client, settings):
    settings.CELERY_BROKER_URL = "redis://127.0.0.1:1/0"
    response = client.get("/readyz?exclude=broker")
    assert (response.status_code, response.json()) == (200, WORDS | {"broker": "unreachable"})
    assert client.get("/readyz?exclude=database").status_code == 503


def test_it_is_not_ready_without_a_database(client, settings, monkeypatch, tmp_path, django_db_blocker):
    monkeypatch.setattr(broker, "answers", lambda: True)
    lost = connection.copy()
    lost.settings_dict["NAME"] = str(tmp_path / "none" / "a.sqlite3")
    if connection.vendor == "postgresql":
        lost.settings_dict["OPTIONS"]["host"] = str(tmp_path)
    monkeypatch.setattr("config.alive.connection", lost)
    with django_db_blocker.unblock():
        response = client.get("/readyz")
    assert (response.status_code, response.json()) == (503, WORDS | {"database": "unreachable"})


def test_a_broker_that_takes_the_call_and_says_nothing_is_given_up(settings, monkeypatch):
    monkeypatch.setattr(broker, "DEADLINE", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        settings.CELERY_BROKER_URL = f"redis://127.0.0.1:{silent.getsockname()[1]}/0"
        began = time.monotonic()
        assert broker.answers() is False
        assert time.monotonic() - began < 5


def test_the_programs_own_broker_is_found_behind_its_socket(settings, tmp_path):
    opened = tmp_path / "redis.sock"
    settings.CELERY_BROKER_URL = f"redis+socket://{opened}"
    with subprocess.Popen(programs.redis(opened), stdout=subprocess.DEVNULL) as server:
        until(opened.exists)
        assert broker.answers() is True
        assert opened.stat().st_mode & 0o077 == 0
        server.terminate()
    assert broker.answers() is False
