"""One program and one browser for all browser tests."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.browser import looking, program
from tests.requirements import missing

CHOSEN = "plenty of small stones"


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    if looking.chromium() is None:
        missing("browser", "There is no chromium: install it (apt install chromium) to test the pages in a browser.")
    # Playwright keeps a loop in this thread while the browser lives, and Django takes that for asynchronous code.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    with sync_playwright() as playwright:
        browser = looking.launch(playwright)
        yield browser
        browser.close()
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture(scope="session")
def aftermath(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[program.Running]:
    """The program as `make run` starts it. The admin has chosen CHOSEN as their password."""
    with program.running(tmp_path_factory.mktemp("aftermath")) as running:
        with looking.person(browser, running.address) as (page, _watch):
            looking.sign_in(page, running.name, running.one_time, then=CHOSEN)
        yield running


@pytest.fixture(scope="session")
def signed_in(browser: Browser, aftermath: program.Running) -> dict[str, object]:
    """The cookies of somebody who is signed in, for `new_context(storage_state=…)`."""
    with looking.person(browser, aftermath.address) as (page, _watch):
        looking.sign_in(page, aftermath.name, CHOSEN)
        return dict(page.context.storage_state())
