"""Debian's chromium by Playwright, and what is watched while a page is looked at."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, Playwright

ARGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-default-apps",
    "--disable-domain-reliability",
    "--disable-features=OptimizationHints,MediaRouter,Translate",
]
DESK = {"width": 1280, "height": 900}
PHONE = {"width": 390, "height": 844}
LOCAL = {"127.0.0.1", "localhost", "[::1]", "::1"}


def chromium() -> str | None:
    return shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


def launch(playwright: Playwright) -> Browser:
    return playwright.chromium.launch(executable_path=chromium(), args=ARGS)


@dataclass
class Watch:
    """What must not happen on any page: a request that leaves the machine, an error in a script, a broken policy."""

    away: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def over(self, context: BrowserContext) -> None:
        context.on("request", lambda request: self.ask(request.url))
        context.on("weberror", lambda error: self.errors.append(str(error.error)))
        context.on("console", self.heard)

    def ask(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme not in {"data", "blob", "about"} and parts.hostname not in LOCAL:
            self.away.append(url)

    def heard(self, message: Any) -> None:
        if "Content Security Policy" in message.text or "Content-Security-Policy" in message.text:
            self.errors.append(message.text)

    def nothing_wrong(self) -> None:
        assert self.away == [], "requests left the machine"
        assert self.errors == []


@contextmanager
def person(browser: Browser, address: str, **options: Any) -> Iterator[tuple[Page, Watch]]:
    """A window of somebody's own. Ends with the check that nothing left the machine and no script failed."""
    context = browser.new_context(base_url=address, viewport=options.pop("viewport", DESK), locale="en-GB", **options)
    context.set_default_timeout(15_000)
    watch = Watch()
    watch.over(context)
    try:
        yield context.new_page(), watch
        watch.nothing_wrong()
    finally:
        context.close()


def sign_in(page: Page, name: str, password: str, then: str = "") -> None:
    """Sign in; and where the password was for one time, choose `then`."""
    page.goto("/sign-in/")
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(lambda url: "sign-in" not in url)
    if "choose-password" in page.url:
        page.get_by_label("New password", exact=True).fill(then)
        page.get_by_label("confirmation").fill(then)
        page.get_by_role("button", name="Use this password").click()
        page.wait_for_url(lambda url: "choose-password" not in url)


def faults(page: Page) -> list[str]:
    """What axe finds wrong with a page as it is now, one line a rule and element."""
    found = Axe().run(page).response["violations"]
    return [f"{rule['id']}: {node['html'][:200]}" for rule in found for node in rule["nodes"]]


def too_wide(page: Page) -> list[str]:
    """What makes the page scroll sideways."""
    wide: list[str] = page.evaluate(
        """() => {
          const wide = document.documentElement.clientWidth;
          if (document.documentElement.scrollWidth <= wide) return [];
          return [...document.querySelectorAll("main *")]
            .filter((e) => e.getBoundingClientRect().right > wide + 1)
            .slice(0, 5).map((e) => e.outerHTML.slice(0, 160));
        }"""
    )
    return wide
