"""What a test needs of the machine. Without it the test is skipped aloud, or fails where AFTERMATH_REQUIRE names it."""

from __future__ import annotations

import os
from typing import NoReturn

import pytest


def required(name: str) -> bool:
    """Whether this machine promised to have `name`: AFTERMATH_REQUIRE is a list with commas."""
    return name in {word.strip() for word in os.environ.get("AFTERMATH_REQUIRE", "").split(",")}


def missing(name: str, why: str) -> NoReturn:
    """`why` is a sentence that says what is missing and how to get it."""
    if required(name):
        pytest.fail(f"AFTERMATH_REQUIRE has {name}: {why}", pytrace=False)
    pytest.skip(why)
