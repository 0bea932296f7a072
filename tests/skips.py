"""
A plugin of `make test`: it tells what was skipped and why, picks the tests that use the database, and gives each
worker its tests.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

TOGETHER = (
    "tests/browser/",
    "tests/project/test_make_run.py",
    "tests/runbooks/kill/",
    "tests/acceptance/test_recover_with_the_pages.py",
    "tests/acceptance/test_faults.py",
    "tests/deploy/test_started_on_a_cluster.py",
)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--database-only", action="store_true", help="only the tests that use the database")


class Together(LoadScopeScheduling):
    """A file is given to one worker whole; so are all the tests that start the same whole program."""

    def _split_scope(self, nodeid: str) -> str:
        return long(nodeid) or nodeid.split("::")[0]


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Together:
    return Together(config, log)


def long(nodeid: str) -> str:
    return next((name for name in TOGETHER if nodeid.startswith(name)), "")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """What takes longest begins first."""
    items.sort(key=lambda item: not long(item.nodeid))
    if config.getoption("--database-only"):
        outside = [item for item in items if not uses_database(item)]
        config.hook.pytest_deselected(items=outside)
        items[:] = [item for item in items if uses_database(item)]


def uses_database(item: pytest.Item) -> bool:
    fixtures = set(getattr(item, "fixturenames", ()))
    return item.get_closest_marker("django_db") is not None or bool(
        fixtures & {"db", "transactional_db", "live_server"}
    )


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    where = os.environ.get("AFTERMATH_SKIPPED")
    if where:
        reasons = Counter(reason(report) for report in terminalreporter.stats.get("skipped", []))
        Path(where).write_text(json.dumps(reasons))


def reason(report: pytest.TestReport) -> str:
    """The words of the skip, without where it stands."""
    words = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    return words.removeprefix("Skipped: ")
