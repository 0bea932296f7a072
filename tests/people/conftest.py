"""Passwords are hashed fast here: their strength is Django's, and tested there."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def fast_hashes(settings):
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
