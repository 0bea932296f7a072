"""At every start: a setting that is dangerous, or cannot work, is named with what to do."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.core.checks import run_checks

from config import broker, checks


@pytest.fixture(autouse=True)
def sound(settings):
    """Settings with nothing to say about."""
    settings.SECRET_KEY = "a key of more than thirty-two characters"
    settings.DEBUG = settings.HTTPS = False
    settings.ALLOWED_HOSTS = ["localhost"]
    settings.CLUSTER = "range"


def found(deploy=False):
    return {message.id: message for message in run_checks(tags=["config"], include_deployment_checks=deploy)}


def test_sound_settings_say_nothing():
    assert found() == {}


def test_a_short_key(settings):
    settings.SECRET_KEY = "changeme"
    assert found().keys() == {"config.E001"}


def test_a_key_that_repeats_itself(settings):
    settings.SECRET_KEY = "ab" * 30
    assert found().keys() == {"config.E001"}


@pytest.mark.parametrize(
    "more", [{"HTTPS": True}, {"CLUSTER": "kubernetes"}, {"ALLOWED_HOSTS": ["aftermath.example"], "HTTPS": True}]
)
def test_debugging_where_others_see_it(settings, more):
    settings.DEBUG = True
    assert "config.E002" not in found()
    for name, value in more.items():
        setattr(settings, name, value)
    assert "config.E002" in found()


def test_https_without_a_name(settings):
    settings.HTTPS = True
    assert found().keys() == {"config.W003"}
    settings.ALLOWED_HOSTS = ["aftermath.example"]
    assert found() == {}


def test_a_name_without_https(settings):
    settings.ALLOWED_HOSTS = ["aftermath.example"]
    assert found().keys() == {"config.W004"}


def test_a_cluster_that_this_version_cannot_talk_to(settings):
    settings.CLUSTER, settings.S3_STS = "kubernetes", "https://sts.example.org"
    assert found().keys() == {"config.E005"}


def test_the_key_of_the_object_store_is_lent_to_every_job(settings):
    settings.CLUSTER = "kubernetes"
    assert "config.W011" in found()
    settings.S3_ROLE = "arn:aws:iam::123456789012:role/jobs"
    assert "config.W011" not in found()


def test_sqlite_on_a_network_file_system(monkeypatch):
    monkeypatch.setattr(checks, "file_system", lambda path: "nfs4")
    monkeypatch.setattr(checks.settings, "DATABASES", {"default": {"ENGINE": "x.sqlite3", "NAME": "/srv/a"}})
    assert found().keys() == {"config.W006"}


def test_the_file_system_is_that_of_the_nearest_mount(tmp_path):
    mounts = tmp_path / "mounts"
    mounts.write_text("/dev/a / ext4 rw 0 0\nnas:/x /srv nfs4 rw 0 0\nt /srv/with\\040space tmpfs rw 0 0\n")
    assert checks.file_system(Path("/srv/var/a.sqlite3"), mounts) == "nfs4"
    assert checks.file_system(Path("/srv/with space/a"), mounts) == "tmpfs"
    assert checks.file_system(Path("/home/a"), mounts) == "ext4"
    assert checks.file_system(Path("/home/a"), tmp_path / "none") == ""


def test_a_broker_that_does_not_answer_is_asked_for_only_before_going_live(monkeypatch):
    monkeypatch.setattr(broker, "answers", lambda: False)
    assert found() == {}
    assert found(deploy=True).keys() == {"config.W007"}


def test_every_finding_says_what_to_do(settings):
    settings.SECRET_KEY = "x"
    settings.DEBUG = settings.HTTPS = True
    settings.CLUSTER = "kubernetes"
    messages = found()
    assert len(messages) == 5
    assert all(message.hint.endswith(".") for message in messages.values())
