"""A plugin that tells `make test` what was skipped and why, and picks the tests that use the database."""

from __future__ import annotations

import json
import os
from collections import Counter
from pathlib import Path

import pytest

TOGETHER = ("tests/browser/", "tests/project/test_make_run.py", "tests/runbooks/kill/")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--database-only", action="store_true", help="only the tests that use the database")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Tests that start the whole program stay together on one worker, and begin first: they take longest."""
    for item in items:
        if together := next((name for name in TOGETHER if name in item.nodeid), None):
            item.add_marker(pytest.mark.xdist_group(together))
    items.sort(key=lambda item: not any(name in item.nodeid for name in TOGETHER))
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
